/**
 * The two programs that sshd starts, without the tree of commands: they run at every connection.
 *
 * Never: a command-line library, a database, the server's code.
 */
import { Fault } from '../../base/errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { NO_SERVER, type SshCall } from './words.ts';

/** Where a server that doesn't answer shows. */
const AWAY = new Set(['ENOENT', 'ECONNREFUSED', 'EACCES', 'ECONNRESET', 'EPIPE']);

type SshTerminal = Pick<Terminal, 'env' | 'print' | 'say'>;

/** Runs one of them in this process, and says what is wrong as it is, since a client reads it. */
export async function runSshCall(call: SshCall, terminal: SshTerminal): Promise<ExitCode> {
  try {
    return (await performSshCall(call, terminal)) ? EXIT.ok : EXIT.refused;
  } catch (error) {
    terminal.say(error instanceof Fault ? error.message : `latchkey ${call.command} failed`);
    return EXIT.fault;
  } finally {
    process.stdin.destroy();
  }
}

/** False when the server refused. @throws Fault */
export async function performSshCall(call: SshCall, terminal: SshTerminal): Promise<boolean> {
  try {
    return await (call.command === 'ssh-keys' ? printLine(call, terminal) : holdSession(call, terminal));
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Fault(AWAY.has(code) ? NO_SERVER : `latchkey ${call.command}: ${message}`, { cause: error });
  }
}

async function printLine(call: SshCall, terminal: Pick<Terminal, 'print'>): Promise<boolean> {
  const { authorizedLine } = await import('./keys.ts');
  const line = await authorizedLine(call, [process.execPath, process.argv[1] ?? '']);
  if (line !== null) terminal.print(line);
  return true;
}

async function holdSession(call: SshCall, { env, say }: Pick<Terminal, 'env' | 'say'>): Promise<boolean> {
  const { runSession } = await import('./session.ts');
  return runSession(call, { env, stdin: process.stdin, stdout: process.stdout, say });
}
