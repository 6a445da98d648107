/**
 * What a request to a model API asks the provider to fetch on its side, out of sight of this gate (T-40): addresses of
 * images, documents, remote MCP servers and callbacks, and tools that search or fetch the web.
 *
 * Sources: the providers' API references as of 2026: OpenAI (Responses, Chat Completions), Anthropic (Messages), Google
 * (generateContent), Mistral, xAI, Cohere, OpenRouter, Bedrock. Keys are compared without case and underscores, because
 * servers that read protobuf JSON or Go structs do so too.
 */

import { type JsonKind, type JsonVisitor, JsonWalker } from './json-walk.ts';

export type ProviderFetch =
  /** `writes` when the provider would send data there, not only read. */
  | { readonly kind: 'url'; readonly text: string; readonly writes: boolean }
  /** Reads these sites, and what is below them. */
  | { readonly kind: 'domain'; readonly text: string }
  /** Reads wherever the model likes. */
  | { readonly kind: 'anywhere'; readonly what: string };

/** Members that hold an address, wherever they stand. */
const URL_KEYS = new Set([
  'imageurl',
  'fileurl',
  'fileuri',
  'documenturl',
  'audiourl',
  'videourl',
  'inputurl',
  'gcsuri',
  's3uri',
  'urls',
]);
/** Members that hold an address that data is sent to. */
const WRITTEN_KEYS = new Set(['serverurl', 'webhookurl', 'callbackurl', 'notificationurl']);
/** `url` and `uri` are addresses to fetch in these members, and at the top; elsewhere they are only text. */
const URL_PARENTS = new Set([
  'imageurl',
  'documenturl',
  'audiourl',
  'videourl',
  'source',
  'file',
  'filedata',
  'image',
  'document',
  'audio',
  'video',
  's3location',
]);
const WRITTEN_PARENTS = new Set(['mcpservers', 'webhook', 'callback']);
/** Members that switch fetching on by being there. */
const ANYWHERE_KEYS = new Set([
  'websearchoptions',
  'searchparameters',
  'googlesearch',
  'googlesearchretrieval',
  'enterprisewebsearch',
  'urlcontext',
  'googlemaps',
  'connectorid',
]);
const TOOL_LISTS = new Set(['tools', 'connectors', 'plugins']);
const ANYWHERE_TYPE =
  /^(?:web(?:$|search|fetch|browser)|browser|urlcontext|googlesearch|livesearch|xsearch|bingground|fetchurl|openurl)/;
/** Models that search by themselves. */
const ANYWHERE_MODEL = /:online$|(?:^|[/-])sonar|search-(?:preview|api)|deep-?research|^(?:groq\/)?compound/i;
/** Tools' own schemas and arguments, and what people attach: nothing there is fetched. */
const SKIPPED = new Set(['parameters', 'inputschema', 'jsonschema', 'schema', 'arguments', 'metadata']);

interface Frame {
  readonly key: string;
  readonly kind: JsonKind;
  readonly tool: Tool | null;
}

interface Tool {
  web: string | null;
  domains: string[];
}

/** Reads one body. What it asks to be fetched is handed out as soon as it is known. */
export class ProviderFetches {
  readonly #walker: JsonWalker;
  readonly #stack: Frame[] = [];
  #found: ProviderFetch[] = [];

  constructor() {
    const visitor: JsonVisitor = {
      open: (kind, key) => this.#open(kind, key),
      close: () => this.#close(),
      scalar: (key, value, about) => this.#scalar(canonical(key), value, about),
    };
    this.#walker = new JsonWalker(visitor);
  }

  /** Null when the body is no JSON. */
  push(bytes: Uint8Array): readonly ProviderFetch[] | null {
    return this.#walker.push(bytes) ? this.#take() : null;
  }

  end(): readonly ProviderFetch[] | null {
    return this.#walker.end() ? this.#take() : null;
  }

  #take(): readonly ProviderFetch[] {
    const found = this.#found;
    if (found.length > 0) this.#found = [];
    return found;
  }

  #open(kind: JsonKind, name: string | null): boolean {
    const key = canonical(name);
    // At the top `input` is the request itself; deeper it is what a tool was called with.
    if (SKIPPED.has(key) || (key === 'input' && this.#stack.length > 1)) return false;
    if (ANYWHERE_KEYS.has(key)) this.#found.push({ kind: 'anywhere', what: key });
    const listed = kind === 'object' && name === null && TOOL_LISTS.has(this.#stack.at(-1)?.key ?? '');
    const tool = listed ? { web: null, domains: [] } : this.#tool();
    // Members of an array stand for the array's own name.
    this.#stack.push({ key: name === null ? (this.#stack.at(-1)?.key ?? '') : key, kind, tool });
    return true;
  }

  #close(): void {
    const frame = this.#stack.pop();
    const { tool } = frame ?? {};
    if (!tool || tool === this.#tool() || tool.web === null) return;
    const { web, domains } = tool;
    if (domains.length === 0) this.#found.push({ kind: 'anywhere', what: web });
    for (const text of domains) this.#found.push({ kind: 'domain', text });
  }

  #scalar(key: string, value: string, { string, long }: { readonly string: boolean; readonly long: boolean }): void {
    const frame = this.#stack.at(-1);
    const tool = this.#tool();
    const name = key === '' ? (frame?.key ?? '') : key;
    if (!string) {
      if (ANYWHERE_KEYS.has(name) && value !== 'null' && value !== 'false')
        this.#found.push({ kind: 'anywhere', what: name });
      return;
    }
    if (ANYWHERE_KEYS.has(name)) this.#found.push({ kind: 'anywhere', what: name });
    if (tool !== null) this.#toolMember(tool, name, value);
    if (name === 'model' && this.#stack.length === 1 && ANYWHERE_MODEL.test(value))
      this.#found.push({ kind: 'anywhere', what: 'model' });
    const writes = this.#addressOf(name);
    if (writes === null || /^data:/i.test(value)) return;
    // Longer than any address that is one: the decision refuses what it cannot read.
    this.#found.push({ kind: 'url', text: long ? '' : value, writes });
  }

  #toolMember(tool: Tool, name: string, value: string): void {
    if (name === 'alloweddomains') tool.domains.push(value);
    const kind = value.toLowerCase().replace(/[_-]/g, '');
    if ((name === 'type' || name === 'id') && ANYWHERE_TYPE.test(kind))
      tool.web = kind.replace(/[^a-z0-9]/g, '').slice(0, 40);
  }

  /** Whether a string here is an address: false it is read, true it is written to, null it is none. */
  #addressOf(name: string): boolean | null {
    if (WRITTEN_KEYS.has(name)) return true;
    if (URL_KEYS.has(name)) return false;
    if (name !== 'url' && name !== 'uri') return null;
    if (this.#stack.length <= 1) return false;
    const parent = this.#stack.at(-1)?.key ?? '';
    if (WRITTEN_PARENTS.has(parent)) return true;
    return URL_PARENTS.has(parent) ? false : null;
  }

  #tool(): Tool | null {
    return this.#stack.at(-1)?.tool ?? null;
  }
}

function canonical(key: string | null): string {
  return key === null ? '' : key.toLowerCase().replace(/[_-]/g, '');
}
