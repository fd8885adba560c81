/** One seed: referrals and admissions under way, `count` faults one after the other, then everything is checked. */
import { setTimeout as pause } from 'node:timers/promises';
import { say } from '../report.ts';
import type { Throwaway } from '../store.ts';
import type { Disk } from './disk.ts';
import { FAULTS } from './faults.ts';
import { GIVE_UP_MS, openStage, type Stage, SUBSCRIBERS, SYSTEMS, until } from './stage.ts';
import { countLeft } from './told.ts';
import { type Findings, verify } from './verify.ts';

/** Milliseconds since the fault was over. */
export type Injected = {
  fault: string;
  /** Until a message first sent after it was acknowledged. */
  ackMs: number;
  /** Until a notification sent after it was received. */
  deliveredMs: number;
  /** Until every subscriber had been told of that message: behind whatever was waiting before it. */
  toldMs: number;
};
export type Run = Findings & {
  seed: number;
  faults: Injected[];
  crashes: string[];
  retries: number;
  memoryMb: number[];
};

const LANES = 4;
/** Time between faults, so that some hit a system at rest and some one that is still catching up. */
const CALM_MS = { least: 300, most: 2_000 };
/** What a killed worker had sent already may arrive this much later. */
const ON_THE_WIRE_MS = 50;

/** `faults`: by name, in this order. */
export async function runSeed(
  server: Throwaway & Partial<Disk>,
  seed: number,
  options: { redis: boolean; faults: string[] },
): Promise<Run> {
  const stage = await openStage(server, seed, options.redis);
  const { cast, senders, random } = stage;
  try {
    const work = [
      ...Array.from({ length: LANES }, () => senders.runReferrals(SYSTEMS)),
      senders.runAdmissions(cast.mllpPort),
    ];
    await resumed(stage, performance.now());
    const faults: Injected[] = [];
    for (const fault of options.faults) {
      await pause(CALM_MS.least + random() * (CALM_MS.most - CALM_MS.least));
      faults.push({ fault, ...(await inject(stage, fault)) });
      const { ackMs, deliveredMs } = faults.at(-1) as Injected;
      say(`seed ${seed}: ${fault}; acknowledged again after ${ackMs} ms, delivered after ${deliveredMs} ms`);
    }
    senders.stop();
    await Promise.all(work);
    await untilTold(stage);
    const findings = await verify(stage);
    return {
      seed,
      faults,
      ...findings,
      crashes: cast.crashes,
      retries: senders.retries,
      memoryMb: cast.memory(),
    };
  } finally {
    senders.stop();
    await stage.close();
  }
}

async function inject(stage: Stage, name: string): Promise<Omit<Injected, 'fault'>> {
  const { run } = FAULTS[name] ?? {};
  if (!run) throw new Error(`no fault is called ${name}`);
  await run(stage);
  return resumed(stage, performance.now());
}

/** A referral first sent after the fault: until it is acknowledged, until anything is delivered again, until it has been told. */
async function resumed({ senders, listener, probe }: Stage, since: number): Promise<Omit<Injected, 'fault'>> {
  const n = probe();
  const after = (at: number) => Math.round(at - since);
  const delivered = until(() => listener.lastAt > since + ON_THE_WIRE_MS);
  const { referral } = await senders.send(n, n, SYSTEMS[0] as string);
  const ackMs = after(performance.now());
  const deliveredMs = after(await delivered);
  return { ackMs, deliveredMs, toldMs: after(await until(() => listener.hasHeard(referral, SUBSCRIBERS))) };
}

/** Until nothing is left to be told, or a minute has passed: `verify` then counts what is left. */
async function untilTold(stage: Stage): Promise<void> {
  const { senders, listener } = stage;
  const deadline = performance.now() + GIVE_UP_MS;
  const told = () => senders.acknowledged.every(({ referral }) => listener.hasHeard(referral, SUBSCRIBERS));
  while (!told() || (await countLeft(stage)) > 0) {
    if (performance.now() > deadline) return;
    await pause(100);
  }
}
