/** Loaded before a process whose clock is to be wrong: by CLOCK_MS milliseconds, in all that it asks of Date. */
const off = Number(process.env.CLOCK_MS);
const Real = Date;
const now = () => Real.now() + off;

globalThis.Date = new Proxy(Real, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
