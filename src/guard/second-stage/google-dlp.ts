/**
 * Google Cloud DLP as the inspector: one `InspectContent` of a table, a span a row. The package is loaded only here.
 * Source: google.privacy.dlp.v2, `InspectContentRequest`, `InspectResult.findings_truncated`, `TableLocation.row_index`.
 */

import type { InspectAnswer, InspectItem, Inspector } from './inspector.ts';

const PACKAGE: string = '@google-cloud/dlp';

interface GoogleFinding {
  readonly infoType?: { readonly name?: string } | null;
  readonly location?: {
    readonly contentLocations?: readonly {
      readonly recordLocation?: { readonly tableLocation?: { readonly rowIndex?: unknown } | null } | null;
    }[];
  } | null;
}

interface GoogleClient {
  inspectContent(
    request: object,
    options: { readonly timeout: number; readonly retry: null },
  ): Promise<
    readonly [
      {
        readonly result?: { readonly findings?: readonly GoogleFinding[]; readonly findingsTruncated?: boolean } | null;
      },
      ...unknown[],
    ]
  >;
}

export interface GoogleDlpOptions {
  readonly project: string;
  readonly location: string;
  /** Further options of its client, such as `apiEndpoint`. */
  readonly client: object;
  readonly now: () => number;
}

/** Throws with what to do where the package is not installed. */
export async function googleInspector({ project, location, client, now }: GoogleDlpOptions): Promise<Inspector> {
  // Its client logs whole requests, values included, when this is set.
  if (process.env['GOOGLE_SDK_NODE_LOGGING']) {
    throw new Error('`guard.second_stage`: unset GOOGLE_SDK_NODE_LOGGING, which writes the values into the log');
  }
  const google = await load();
  const dlp = new google.DlpServiceClient(client);
  const parent = `projects/${project}/locations/${location}`;
  return {
    inspect: async (items, deadline) => {
      const timeout = Math.max(1, Math.floor(deadline - now()));
      const [answer] = await dlp.inspectContent(requestOf(parent, items), { timeout, retry: null });
      return answersOf(items, answer.result ?? {});
    },
  };
}

async function load(): Promise<{ readonly DlpServiceClient: new (options: object) => GoogleClient }> {
  try {
    return (await import(PACKAGE)) as { DlpServiceClient: new (options: object) => GoogleClient };
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    throw new Error(
      `\`guard.second_stage\` needs the package \`${PACKAGE}\`, which ${isMissing ? 'is not installed: npm install it beside Locktender' : 'does not load'}, or remove the key`,
      { cause: error },
    );
  }
}

function requestOf(parent: string, items: readonly InspectItem[]): object {
  const types = [...new Set(items.flatMap((item) => item.types))];
  const rows = items.map(({ value }) => ({ values: [{ stringValue: value }] }));
  return {
    parent,
    inspectConfig: { infoTypes: types.map((name) => ({ name })), minLikelihood: 'LIKELY', includeQuote: false },
    item: { table: { headers: [{ name: 'value' }], rows } },
  };
}

type GoogleResult = NonNullable<Awaited<ReturnType<GoogleClient['inspectContent']>>[0]['result']>;

function answersOf(items: readonly InspectItem[], { findings = [], findingsTruncated }: GoogleResult): InspectAnswer[] {
  const found = items.map(() => false);
  for (const finding of findings) {
    const name = finding.infoType?.name ?? '';
    for (const { recordLocation } of finding.location?.contentLocations ?? []) {
      // An index of 0 may be left out; int64 comes as a string or an object of numbers.
      const row = Number(String(recordLocation?.tableLocation?.rowIndex ?? 0));
      if (items[row]?.types.includes(name)) found[row] = true;
    }
  }
  return found.map((isFound) => (isFound ? 'confirmed' : findingsTruncated ? 'unknown' : 'clear'));
}
