/**
 * `npm run chaos`: a real server under load that is killed, stopped, cut off and starved for a while, on either engine;
 * what it acknowledged is held against what is there. Prints a table of its own counts.
 *
 * Exit codes: 0 = nothing lost, 1 = something is, 2 = it was told something that it does not understand. Everything
 * stays on loopback and in a temporary folder.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readArguments, USAGE } from './arguments.ts';
import { runFaults } from './faulty-time.ts';
import { mountOwnDisk, runWithOwnMounts, unmountOwnDisk } from './own-disk.ts';
import { runSoak } from './soak.ts';
import { temporaryFolder, World } from './world.ts';

const told = argumentsOrEnd();
// Ended from outside, it takes its server with it (`World`).
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const elsewhere = await runWithOwnMounts();
process.exit(elsewhere ?? (await chaos()));

async function chaos(): Promise<number> {
  const { folder, remove } = await temporaryFolder();
  // Only the server's data: clients and PostgreSQL count as other machines.
  const data = join(folder, 'data');
  await mkdir(data);
  const ownDisk = mountOwnDisk(data);
  try {
    const world = await World.start({ engine: told.engine, folder, workers: told.workers, ownDisk });
    try {
      const { lines, held } = told.soak ? await runSoak(world, told) : await runFaults(world, told);
      process.stdout.write(`${lines.join('\n')}\n`);
      return held ? 0 : 1;
    } finally {
      await world.stop();
    }
  } finally {
    if (ownDisk) unmountOwnDisk(data);
    await remove();
  }
}

function argumentsOrEnd(): ReturnType<typeof readArguments> {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
