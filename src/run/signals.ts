const LOOK_MS = 500;

/** Calls `stop` once: on SIGTERM or SIGINT, or when the npm process that started us is gone. npm passes a
 * signal only to its shell, which dies without telling us. */
export function onStop(stop: (reason: string) => void): void {
  let told = false;
  const tell = (reason: string) => {
    if (told) return;
    told = true;
    clearInterval(look);
    stop(reason);
  };
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.env.npm_lifecycle_event && process.ppid !== parent) tell('npm is gone');
  }, LOOK_MS).unref();
  process.on('SIGTERM', tell);
  process.on('SIGINT', tell);
}
