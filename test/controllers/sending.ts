// A store that a test plays: what becomes of a write of ours.

/** As `Store.send`: the answer is noted. */
export const sending =
  <R>(noted: (record: R) => unknown) =>
  async (_key: string, _by: string, write: () => Promise<R | undefined>): Promise<R | undefined> => {
    const record = await write();
    if (record) noted(record);
    return record;
  };
