/** A commit that could neither be completed nor undone: the stage is left, and with it everything needed for either. */
export class CommitError extends Error {
  override readonly name = 'CommitError'
  /** Name of the stage folder in the target's root. */
  readonly stage: Uint8Array
  /** Why the commit stopped; `cause` is why it could not be undone. */
  readonly reason: unknown
  constructor(stage: Uint8Array, reason: unknown, cause: unknown) {
    super('the target is between two states: resume or roll back', { cause })
    this.stage = stage
    this.reason = reason
  }
}
