/**
 * `latchkey serve`: runs the server until it is told to stop.
 *
 * Invariant: after the first SIGINT or SIGTERM, running transfers may finish; a second one stops at once.
 */
import cluster from 'node:cluster';
import { Command } from 'commander';
import type { RunningServer } from '../../app.ts';
import { releaseMemoryOfStart } from '../../base/garbage.ts';
import { keepCompiledCode, writeCompiledCode } from '../../base/machine/compiled-code.ts';
import { boundHeap } from '../../base/machine/heap.ts';
import { SETTING_NAMES } from '../../base/settings/rows.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { sayAdoption } from '../adoption-report.ts';
import { examples } from '../command-help.ts';
import { EXIT } from '../exit-codes.ts';
import { closeToOthers } from '../file-modes.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { sayError, type Terminal } from '../terminal.ts';
import { HangUp, RETIRE } from './hang-up.ts';
import type { Sshd } from './sshd.ts';
import { Systemd } from './systemd.ts';

/**
 * A terminal's Ctrl-C reaches the whole process group, and npm forwards it again: a signal this soon after the first is
 * the same one.
 */
const SAME_SIGNAL_MS = 500;

/** How long the log and the terminal may take to write after everything was closed. */
const LAST_WORDS_MS = 100;

/** What a start need not wait for, nor its first requests, is done this long after. */
const SETTLED_MS = 1_000;

/** Every setting is one of its options. */
export function serveCommand(terminal: Terminal): Command {
  const command = addSettingOptions(new Command('serve').description('run the server'), SETTING_NAMES).action(
    async () => {
      // Before anything is loaded, since an unhandled SIGHUP ends the process.
      const hangUp = new HangUp();
      const { readSettings } = await import('../../base/settings/sources.ts');
      await serve(readSettings({ flags: settingFlags(command), env: terminal.env }), hangUp, terminal);
    },
  );
  return examples(command, [
    'latchkey serve',
    'latchkey serve --demo',
    'latchkey serve --ssh-port 2222',
    'latchkey serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --public-url https://git.example.org',
    'LATCHKEY_DATABASE=postgres://latchkey@db/latchkey latchkey serve --trusted-proxy 10.0.0.0/8 --host 0.0.0.0',
  ]);
}

async function serve(settings: Settings, hangUp: HangUp, terminal: Terminal): Promise<void> {
  closeToOthers(settings);
  const systemd = new Systemd(cluster.isPrimary ? terminal.env : {}, (line) => terminal.say(line));
  const demo = settings.demo ? await import('./demo.ts') : null;
  // Before anything is made in the folder, since a demo takes an empty one only.
  const demoIsMade = demo?.demoIsMade(settings) ?? false;
  if (cluster.isPrimary) (await import('../../actions/instance/data-folder-claim.ts')).claimDataFolder(settings);
  keepCompiledCode(settings.data);
  const sshd = await startedSshd(settings);
  if (settings.workers > 1 && cluster.isPrimary) {
    if (settings.sshAddress !== null) (await import('../../base/machine/ssh-place.ts')).makeSshPlace(settings.data);
    const { overseeWorkers } = await import('./workers.ts');
    try {
      await overseeWorkers(settings, { stop: stopRequest(), hangUp, systemd }, terminal);
    } finally {
      await sshd?.close();
    }
    // Node keeps the socket of a worker that was killed while a connection was on its way to it.
    return exitSoon();
  }
  boundHeap();
  const { startServer } = await import('../../app.ts');
  const server = await startServer(settings).catch(async (error: unknown) => {
    await sshd?.close();
    throw error;
  });
  const stop = stopRequest();
  try {
    if (isFirst()) {
      const { greeting, demoGreeting } = await import('./greeting.ts');
      if (settings.adopt) await adopt(server, terminal);
      const tokens = demo === null || demoIsMade ? null : await demo.makeDemo(server.context);
      const lines =
        demo === null
          ? await greeting(server, terminal)
          : demoGreeting(server, { tokens, doors: await demo.openDemoDoors(server.context) }, terminal.env);
      for (const line of lines) terminal.print(line);
    }
    systemd.ready();
    hangUp.answer(() => void systemd.reloading(() => readAnew(server, terminal)));
    setTimeout(afterStart, SETTLED_MS, server).unref();
    await Promise.race([stop, retirement().then(() => server.retire())]);
    systemd.stopping();
    if (isFirst()) terminal.say('stopping: running transfers may end; the same signal again stops at once');
  } finally {
    await sshd?.close();
    await server.close();
    // The channel to the parent process would keep a worker alive.
    cluster.worker?.disconnect();
    // Anything that still hangs, such as a connection to a silent mail server, must not keep the process alive.
    exitSoon();
  }
}

/** Null where the server runs none. */
async function startedSshd(settings: Settings): Promise<Sshd | null> {
  if (settings.sshPort === null || !cluster.isPrimary) return null;
  const [{ startSshd }, { makeLog }] = await Promise.all([import('./sshd.ts'), import('../../base/log.ts')]);
  return startSshd(settings, settings.sshPort, makeLog(settings.logLevel, settings.logFormat));
}

function afterStart({ context: { git, log } }: RunningServer): void {
  // So that the first person who clones doesn't wait for it. If it fails here, it runs again for them, and fails with
  // the reason.
  Promise.resolve(git.capabilities('sha1')).catch((error: unknown) =>
    log.debug({ err: error }, 'git could not be asked what it can do'),
  );
  releaseMemoryOfStart();
  writeCompiledCode();
}

function exitSoon(): void {
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
}

/** Resolves when another worker has taken this one's place. */
function retirement(): Promise<void> {
  return new Promise((resolve) => {
    if (cluster.isWorker) process.on('message', (message) => message === RETIRE && resolve());
  });
}

/** Of several workers, only the first makes the demo, adopts and greets. */
function isFirst(): boolean {
  return cluster.isPrimary || cluster.worker?.id === 1;
}

/** A broken route map, file of providers or certificate changes nothing; the server goes on with the previous one. */
function readAnew(server: RunningServer, terminal: Terminal): void {
  tryAnew('route map', () => server.context.routeMaps.reload(), terminal);
  tryAnew('file of identity providers', () => server.context.identityProviders.reload(), terminal);
  if (server.context.settings.tlsCert !== null) tryAnew('certificate', () => server.reloadCertificate(), terminal);
}

function tryAnew(what: string, read: () => unknown, terminal: Terminal): void {
  try {
    read();
    terminal.say(`read the ${what} anew`);
  } catch (error) {
    sayError(terminal, error, 'latchkey serve');
    terminal.say(`the ${what} from before stays in force`);
  }
}

async function adopt({ context }: RunningServer, terminal: Terminal): Promise<void> {
  const [{ adoptRepositories }, { operatorPermit }] = await Promise.all([
    import('../../actions/repositories/inventory/adoption.ts'),
    import('../../actions/decision/authorize.ts'),
  ]);
  const adoption = await adoptRepositories(context, operatorPermit());
  for (const { fullName } of adoption.adopted) terminal.say(`adopted ${fullName}, as private`);
  sayAdoption(terminal, adoption);
}

/** Resolves at the first signal to stop. A second one ends the process immediately. */
function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null;
    const onSignal = (): void => {
      if (firstAtMs === null) {
        firstAtMs = performance.now();
        resolve();
      } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
