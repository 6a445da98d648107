/** Why nothing can be recorded now. */
export class AuditUnavailable extends Error {
  readonly code = 'AUDIT_UNAVAILABLE';
  readonly reason: string;
  constructor(reason: string) {
    super(`the record cannot be written (${reason}); free or repair the disk, it is tried again by itself`);
    this.reason = reason;
  }
}
