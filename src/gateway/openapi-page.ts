/** The OpenAPI document as a page that a person reads: no script, nothing loaded from anywhere. */

interface Operation {
  readonly summary?: string;
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  /** Those without a content of their own are problems. */
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }>
  >;
}

const STYLE =
  'body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{overflow:auto;padding:1rem;' +
  'border:1px solid;border-radius:4px}code{font-size:.9em}h2{margin-top:2.5rem}';

export function openApiPage(document: Readonly<Record<string, unknown>>): string {
  const { title, version } = document['info'] as { title: string; version: string };
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const sections = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'parameters')
      .map(([method, operation]) => section(`${method.toUpperCase()} ${path}`, operation as Operation)),
  );
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escaped(title)}</h1><p>Version ${escaped(version)}. The document itself: <a href="/openapi.json">openapi.json</a>.</p>`,
    ...sections,
    '</body></html>',
  ].join('\n');
}

function section(heading: string, { summary = '', requestBody, responses = {} }: Operation): string {
  const request = requestBody?.content?.['application/json']?.schema;
  const problems = Object.keys(responses).filter((status) => responses[status]?.content === undefined);
  const answers = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(
      ([type, { schema = {} }]) => `<h3>Answer ${escaped(status)} <code>${escaped(type)}</code></h3>${block(schema)}`,
    ),
  );
  answers.push(`<p>Problems: ${escaped(problems.join(', '))}</p>`);
  const body = request === undefined ? '' : `<h3>Request <code>application/json</code></h3>${block(request)}`;
  return `<h2><code>${escaped(heading)}</code></h2><p>${escaped(summary)}</p>${body}${answers.join('')}`;
}

function block(schema: unknown): string {
  return `<details><summary>Schema</summary><pre><code>${escaped(JSON.stringify(schema, null, 2))}</code></pre></details>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
