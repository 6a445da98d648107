/** Hosts that agents meet, and where they stand: the answers that people would check first. */

import { describe, expect, it } from 'vitest';
import { parseHost } from '../../src/core/host.ts';
import { shippedCategories } from '../policy/fixture.ts';

const index = shippedCategories();
const categoriesOf = (name: string): readonly string[] => {
  const host = parseHost(name);
  return host.ok ? index.lookup(host.value) : [`not a host: ${host.error}`];
};

const STANDS: Record<string, string[]> = {
  'request-bins': ['webhook.site', 'abc.m.pipedream.net', 'x.requestcatcher.com', 'my.beeceptor.com', 'smee.io'],
  'oast-servers': ['abc.oast.fun', 'x.interact.sh', 'y.burpcollaborator.net', 'z.oastify.com', 'q.dnslog.cn'],
  tunnels: ['a.ngrok-free.app', 'b.ngrok.io', 'c.trycloudflare.com', 'd.loca.lt', 'x-3000.devtunnels.ms', 'bore.pub'],
  'paste-sites': [
    'pastebin.com',
    'www.pastebin.com',
    'rentry.co',
    'ix.io',
    'telegra.ph',
    'privatebin.net',
    'dpaste.org',
  ],
  'file-drops': ['transfer.sh', '0x0.st', 'file.io', 'store9.gofile.io', 'catbox.moe', 'litterbox.catbox.moe', 'we.tl'],
  'doh-resolvers': [
    'cloudflare-dns.com',
    'dns.google',
    'dns.quad9.net',
    '1.1.1.1',
    '8.8.8.8',
    '[2606:4700:4700::1111]',
  ],
  'dynamic-dns': ['me.duckdns.org', 'x.ddns.net', '10.0.0.1.nip.io', '127-0-0-1.sslip.io', 'lvh.me'],
  anonymisers: ['torproject.org', 'www.torproject.org', 'duskgytldkxiuqc6.onion.ws'],
  'chat-webhooks': ['hooks.slack.com', 'discord.com', 'api.telegram.org', 'acme.webhook.office.com'],
  'cloud-metadata': ['169.254.169.254', 'metadata.google.internal', '100.100.100.200', '[fd00:ec2::254]'],
  'url-shorteners': ['bit.ly', 'tinyurl.com', 't.co', 'is.gd', 'cutt.ly'],
  'ipfs-gateways': ['ipfs.io', 'bafy.ipfs.dweb.link', 'x.mypinata.cloud'],
  'mail-apis': [
    'api.sendgrid.com',
    'api.mailgun.net',
    'api.resend.com',
    'email.eu-west-1.amazonaws.com',
    'api.twilio.com',
  ],
  'package-registries': [
    'registry.npmjs.org',
    'pypi.org',
    'files.pythonhosted.org',
    'static.crates.io',
    'rubygems.org',
  ],
  'os-packages': ['deb.debian.org', 'security.ubuntu.com', 'us.archive.ubuntu.com', 'dl-cdn.alpinelinux.org'],
  'container-registries': [
    'registry-1.docker.io',
    'auth.docker.io',
    'ghcr.io',
    'quay.io',
    'x.azurecr.io',
    'us-docker.pkg.dev',
  ],
  'code-hosting': ['github.com', 'api.github.com', 'codeload.github.com', 'gitlab.com', 'git.sr.ht', 'codeberg.org'],
  'code-snippets': ['gist.github.com', 'raw.githubusercontent.com', 'gist.githubusercontent.com'],
  'object-storage': [
    'b.s3.amazonaws.com',
    'b.s3.eu-west-3.amazonaws.com',
    'a.blob.core.windows.net',
    'x.r2.dev',
    'b.us-east-1.linodeobjects.com',
  ],
  'app-hosting': [
    'x.vercel.app',
    'x.workers.dev',
    'me.github.io',
    'x.herokuapp.com',
    'y.a.run.app',
    'z.netlify.app',
    'x.y.replit.dev',
  ],
  'model-apis': ['api.openai.com', 'api.anthropic.com', 'generativelanguage.googleapis.com', 'x.openai.azure.com'],
  'model-hubs': ['huggingface.co', 'cdn-lfs.hf.co', 'kaggle.com'],
  'net-disks': ['dropbox.com', 'content.dropboxapi.com', 'drive.google.com', 'acme.sharepoint.com', 'mega.nz'],
  databases: ['x.supabase.co', 'x.firebaseio.com', 'c0.abcde.mongodb.net'],
  'what-is-my-ip': ['api.ipify.org', 'ifconfig.me', 'checkip.amazonaws.com'],
  documentation: ['docs.python.org', 'developer.mozilla.org', 'docs.rs', 'learn.microsoft.com'],
  education: ['www.cs.washington.edu', 'cl.cam.ac.uk'],
  government: ['www.nist.gov', 'www.gov.uk', 'data.gouv.fr'],
  'ads-and-trackers': ['doubleclick.net', 'ad.doubleclick.net', 'static.criteo.net'],
  gambling: ['bet365.com'],
  adult: ['www.pornhub.com'],
  'ip-literal': ['93.184.216.34', '[2001:db8::1]'],
  'single-label': ['intranet'],
  'special-use': ['printer.local', 'x.internal', 'foo.onion'],
  uncategorised: ['example.org', 'a-host-that-no-list-names.com'],
};

describe('well-known hosts', () => {
  it.each(Object.entries(STANDS))('%s', (category, hosts) => {
    const wrong = hosts.filter((host) => !categoriesOf(host).includes(category));
    expect(wrong.map((host) => `${host}: ${categoriesOf(host)}`)).toEqual([]);
  });
});

describe('what an entry does not cover', () => {
  it.each([
    ['a name that only ends in the same letters', 'notpastebin.com', 'paste-sites'],
    ['a name with an entry in front', 'pastebin.com.example.org', 'paste-sites'],
    ['the customers of a public suffix, from the owner above', 'bucket.s3.amazonaws.com', 'cloud-control-planes'],
    ['other services of a portal', 'docs.google.com', 'search-engines'],
    ['other services of a portal', 'onedrive.live.com', 'web-mail'],
    ['an API, from the home page of its maker', 'api.openai.com', 'ai-assistants'],
    ['the registry suffix of a ministry', 'shop.co.uk', 'government'],
  ])('%s: %s is not %s', (_, host, category) => {
    expect(categoriesOf(host)).not.toContain(category);
  });

  it.each([
    ['PASTEBIN.COM', 'paste-sites'],
    ['pastebin.com.', 'paste-sites'],
    ['ｐａｓｔｅｂｉｎ.com', 'paste-sites'],
    ['0x08080808', 'doh-resolvers'],
    ['134744072', 'doh-resolvers'],
    ['[::ffff:8.8.8.8]', 'doh-resolvers'],
    ['[64:ff9b::808:808]', 'doh-resolvers'],
    ['0251.0376.0251.0376', 'cloud-metadata'],
    ['2852039166', 'cloud-metadata'],
  ])('T-10 T-12 %s is the same host: %s', (host, category) => {
    expect(categoriesOf(host)).toContain(category);
  });
});
