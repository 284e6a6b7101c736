/** An apply in place was stopped when some rows were done already. */
export class PartlyError extends Error {
  override readonly name = 'PartlyError'
  /** What stopped it. */
  readonly reason: unknown
  constructor(reason: unknown) {
    super('the target is changed in part', { cause: reason })
    this.reason = reason
  }
}
