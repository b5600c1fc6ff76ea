// With which rights was the operator installed?

/** What the install says that it has rights for. */
export interface Mode {
  /** Pods may be evicted. */
  readonly podRecovery: boolean;
}
