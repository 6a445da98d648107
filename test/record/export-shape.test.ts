import { describe, expect, it } from 'vitest';
import { exportLine } from '../../src/audit/export.ts';
import { canonicalJson, type Json } from '../../src/core/canonical-json.ts';
import { everyEvent } from './every-event.ts';
import { ocsfProblems } from './ocsf-shape.ts';

const cases = everyEvent.map((event, i) => [`${event.type} (${i})`, canonicalJson(event as unknown as Json)] as const);

describe('what is exported has the shape that is published', () => {
  it.each(cases)('OCSF 1.5.0: %s', (_, text) => {
    const event = JSON.parse(exportLine(7, text, 'ocsf'));
    expect(ocsfProblems(event)).toEqual([]);
    expect(event.metadata).toMatchObject({ version: '1.5.0', sequence: 7 });
    expect(event.unmapped).toEqual(JSON.parse(text));
  });

  it('OCSF: a sequence that is no longer a 32-bit integer is left out', () => {
    const [, text] = cases[0] ?? ['', ''];
    const event = JSON.parse(exportLine(2 ** 31, text, 'ocsf'));
    expect(ocsfProblems(event)).toEqual([]);
    expect(event.metadata.sequence).toBeUndefined();
  });

  it.each(cases)('CloudEvents 1.0: %s', (_, text) => {
    const event = JSON.parse(exportLine(42, text, 'cloudevents')) as Record<string, unknown>;
    expect(event).toMatchObject({ specversion: '1.0', datacontenttype: 'application/json', data: JSON.parse(text) });
    // Required, and not empty (spec 1.0.2, "Required attributes"); `source` is a URI-reference.
    for (const name of ['id', 'source', 'type']) expect(event[name]).toMatch(/^\S+$/);
    expect(URL.canParse(String(event['source']))).toBe(true);
    expect(event['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    for (const [name, value] of Object.entries(event)) {
      expect(name).toMatch(/^[a-z0-9]{1,20}$/);
      if (name !== 'data') expect(value).toEqual(expect.stringMatching(/./));
    }
  });

  it('the checker of shapes finds what is wrong', () => {
    const [, text] = cases[0] ?? ['', ''];
    const event = JSON.parse(exportLine(7, text, 'ocsf'));
    expect(ocsfProblems({ ...event, type_uid: 1 })).toEqual(['type_uid is not class_uid * 100 + activity_id']);
    expect(ocsfProblems({ ...event, dst_endpoint: {} })).toEqual([expect.stringMatching(/^dst_endpoint\.has none of/)]);
    expect(ocsfProblems({ ...event, app: {} })).toEqual(['app is no attribute of it']);
    expect(ocsfProblems({ ...event, disposition_id: 98 })).toEqual(['disposition_id cannot be 98']);
    expect(ocsfProblems({ ...event, http_request: undefined })).not.toEqual([]);
    expect(ocsfProblems({ ...event, duration: 1.5 })).toEqual(['duration is no long']);
  });
});
