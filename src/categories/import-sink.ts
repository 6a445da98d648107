/** What the readers of foreign lists hand on. */

/** What a line gives: an entry as our lists write it, and the maker's name for its category when the line has one. */
export interface ImportedLine {
  readonly entry: string;
  readonly label: string | null;
}

/** Takes what a reader found, line by line. */
export interface LineSink {
  entry(line: number, found: ImportedLine): void;
  /** `why` is one of a few fixed words: they are counted. */
  skip(line: number, why: string): void;
}
