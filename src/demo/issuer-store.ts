/** What the demo's issuer keeps: in memory, and gone with it. */

type Kept = Record<string, unknown> & { uid?: string; grantId?: string; consumed?: number };

export class IssuerStore {
  static readonly #all = new Map<string, Kept>();
  readonly #kind: string;
  constructor(kind: string) {
    this.#kind = kind;
  }

  #key = (id: string) => `${this.#kind}:${id}`;

  async upsert(id: string, kept: Kept): Promise<void> {
    IssuerStore.#all.set(this.#key(id), kept);
  }

  async find(id: string): Promise<Kept | undefined> {
    return IssuerStore.#all.get(this.#key(id));
  }

  async findByUid(uid: string): Promise<Kept | undefined> {
    return [...IssuerStore.#all].find(
      ([key, kept]) => key.startsWith(`${this.#kind}:`) && kept.uid === uid,
    )?.[1];
  }

  async consume(id: string): Promise<void> {
    const kept = await this.find(id);
    if (kept) kept.consumed = Math.floor(Date.now() / 1_000);
  }

  async destroy(id: string): Promise<void> {
    IssuerStore.#all.delete(this.#key(id));
  }

  async revokeByGrantId(grant: string): Promise<void> {
    for (const [key, { grantId }] of IssuerStore.#all) if (grantId === grant) IssuerStore.#all.delete(key);
  }
}
