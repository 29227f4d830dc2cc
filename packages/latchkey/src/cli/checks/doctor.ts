/**
 * `latchkey doctor`: finds out why git or the API refuses, and what to do about it.
 *
 * Invariant: every check ends, whatever the others found; one that fails itself is reported as such. Nothing is
 * changed without a yes.
 * Never: a secret on the screen.
 */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { addressOf, CredentialStore } from '../credential/store.ts';
import { EXIT } from '../exit-codes.ts';
import { Stopped, spoken, type Terminal } from '../terminal.ts';
import { causeOf } from './cause.ts';
import type { Check, Finding } from './check.ts';
import { HELPER_CHECKS } from './credential-chain.ts';
import { GIT_CHECKS } from './git.ts';
import { OVERRIDE_CHECKS } from './overrides.ts';
import { SERVER_CHECKS } from './server.ts';
import { runProgram, type Subject, subjectOf } from './subject.ts';
import { TOKEN_CHECKS } from './token.ts';
import { WORKFLOW_CHECKS } from './workflows.ts';

/** In this order: later checks need what earlier ones find out. */
const CHECKS: readonly Check[] = [
  ...GIT_CHECKS,
  ...OVERRIDE_CHECKS,
  ...SERVER_CHECKS,
  ...HELPER_CHECKS,
  ...TOKEN_CHECKS,
  ...WORKFLOW_CHECKS,
];

interface Checked extends Finding {
  readonly name: string;
}

export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .description('find out why git or the API refuses a token, and what to do')
    .argument('[REMOTE|URL]', 'what to look at; left out: the remote of this clone')
    .option('--fix', 'fix what can be fixed safely, after asking')
    .option('--json', 'as JSON')
    .action((named: string | undefined, flags: { fix?: true; json?: true }) => examine(named, flags, terminal));
  return examples(command, [
    'latchkey doctor',
    'latchkey doctor upstream --fix',
    'latchkey doctor https://git.example.org/acme/site.git --json',
  ]);
}

async function examine(
  named: string | undefined,
  flags: { fix?: true; json?: true },
  terminal: Terminal,
): Promise<void> {
  const subject = await subjectOf(named, terminal.env, knownAddresses(terminal));
  const checked: Checked[] = [];
  for (const check of CHECKS) {
    const result = { name: check.name, ...(await outcomeOf(check, subject)) };
    checked.push(result);
    if (flags.json !== true) tell(result, terminal);
  }
  const failed = checked.filter(({ state }) => state === 'fail').length;
  const cause = causeOf(checked);
  if (flags.json === true) {
    const shown = ({ repair: _repair, ...one }: Checked): object => one;
    terminal.print(
      JSON.stringify(
        { ok: failed === 0, cause: cause === null ? null : shown(cause), checks: checked.map(shown) },
        null,
        2,
      ),
    );
  } else conclude(cause, failed, terminal);
  if (flags.fix === true) await mend(checked, terminal);
  if (failed > 0) throw new Stopped(EXIT.refused);
}

/** The helper's list is useful but not necessary: the doctor works without it. */
function knownAddresses({ env }: Terminal): readonly string[] {
  try {
    return new CredentialStore(env).servers().map(addressOf);
  } catch {
    return [];
  }
}

async function outcomeOf(check: Check, subject: Subject): Promise<Finding> {
  const reason = check.cannotRun?.(subject) ?? null;
  if (reason !== null) return { state: 'skip', found: reason };
  try {
    return await check.run(subject);
  } catch (error) {
    return {
      state: 'fail',
      found: `could not be looked at: ${(error as { code?: string }).code ?? 'something failed'}`,
    };
  }
}

/** One line for each check; one that can't run is not reported. */
function tell({ name, state, found }: Checked, terminal: Terminal): void {
  if (state !== 'skip') terminal.print(`${state.padEnd(4)}  ${name}: ${spoken(found)}`);
}

/** The cause, reported once, with the one line that fixes it. */
function conclude(cause: Checked | null, failed: number, terminal: Terminal): void {
  if (cause === null) return terminal.print(`\nNothing is wrong.`);
  terminal.print(`\n${failed === 0 ? 'Nothing is wrong. Worth doing' : 'The cause'}: ${spoken(cause.found)}`);
  if (cause.command !== undefined) terminal.print(`Do this:\n  ${cause.command}`);
}

async function mend(checked: readonly Checked[], terminal: Terminal): Promise<void> {
  for (const { name, repair, command } of checked) {
    if (repair === undefined) continue;
    const answer = await terminal.ask?.(`${name}: ${command ?? repair.args.join(' ')}\ndo that? [y/N] `);
    if (answer === null || answer === undefined) {
      terminal.say('nobody answers, so nothing was changed');
      return;
    }
    if (!/^y(?:es)?$/i.test(answer.trim())) continue;
    const { code, stderr } = await runProgram(repair.program, repair.args, terminal.env, repair.input);
    terminal.say(code === 0 ? 'done' : `that failed: ${spoken(stderr.split('\n')[0] ?? '')}`);
  }
}
