/** The command line: help of every command, usage errors, exit codes, and the voice. Nothing here opens a database. */
import { describe, expect, test } from 'vitest';
import { Fault, Problem, problem } from '../../src/base/errors.ts';
import { SettingsProblem, settingComplaint } from '../../src/base/settings/problem.ts';
import { SETTING_NAMES, settingFlag, settingVariable } from '../../src/base/settings/rows.ts';
import { everyCommand } from '../../src/cli/command-tree.ts';
import { EXIT, EXIT_CODE_HELP } from '../../src/cli/exit-codes.ts';
import { nodeComplaint } from '../../src/cli/node-version.ts';
import { buildProgram, run } from '../../src/cli/program.ts';
import { alignedTable } from '../../src/cli/table.ts';
import { sayError, spoken } from '../../src/cli/terminal.ts';
import { recordingTerminal } from './recording-terminal.ts';

async function runWords(args: readonly string[], env: Record<string, string> = {}) {
  const terminal = recordingTerminal(env);
  const code = await run(args, terminal);
  return { code, printed: terminal.printed.join('\n'), said: terminal.said };
}

function pathOf(command: { name(): string; parent: unknown }): string[] {
  const parent = command.parent as { name(): string; parent: unknown } | null;
  return parent === null ? [] : [...pathOf(parent), command.name()];
}

const COMMANDS = everyCommand(buildProgram(recordingTerminal()));

describe('help', () => {
  test('covers the fixed forms', () => {
    expect(
      COMMANDS.filter((command) => command.commands.length === 0)
        .map((command) => pathOf(command).join(' '))
        .sort(),
    ).toEqual([
      'admin audit checkpoint',
      'admin audit export',
      'admin audit prune',
      'admin audit streams',
      'admin audit verify',
      'admin backup',
      'admin check',
      'admin issuer add',
      'admin issuer list',
      'admin issuer remove',
      'admin issuer set',
      'admin issuer show',
      'admin issuer test',
      'admin lfs gc',
      'admin machine add',
      'admin machine delete',
      'admin machine list',
      'admin machine rule add',
      'admin machine rule list',
      'admin machine rule remove',
      'admin machine rule set',
      'admin machine rule test',
      'admin member-token list',
      'admin member-token restore',
      'admin member-token revoke',
      'admin migrate',
      'admin org add',
      'admin org delete',
      'admin org group add',
      'admin org group list',
      'admin org group remove',
      'admin org list',
      'admin org member add',
      'admin org member remove',
      'admin org rename',
      'admin policy set',
      'admin policy show',
      'admin repo add',
      'admin repo adopt',
      'admin repo archive',
      'admin repo collaborator add',
      'admin repo collaborator remove',
      'admin repo delete',
      'admin repo import',
      'admin repo list',
      'admin repo mirror add',
      'admin repo mirror list',
      'admin repo mirror remove',
      'admin repo mirror run',
      'admin repo protection add',
      'admin repo protection list',
      'admin repo protection remove',
      'admin repo rename',
      'admin repo transfer',
      'admin request approve',
      'admin request deny',
      'admin request list',
      'admin request show',
      'admin restore',
      'admin scim add',
      'admin scim link',
      'admin scim list',
      'admin scim remove',
      'admin scim rotate',
      'admin scim unlink',
      'admin secrets rotate',
      'admin server add',
      'admin server list',
      'admin server remove',
      'admin team add',
      'admin team change',
      'admin team delete',
      'admin team list',
      'admin team member add',
      'admin team member remove',
      'admin team repo give',
      'admin team repo take',
      'admin team show',
      'admin token add',
      'admin token edit',
      'admin token list',
      'admin token renew',
      'admin token restore',
      'admin token revoke',
      'admin user add',
      'admin user delete',
      'admin user export',
      'admin user list',
      'admin user lock',
      'admin user password',
      'admin user rename',
      'admin user restore',
      'admin user show',
      'admin user suspend',
      'admin user two-factor',
      'admin user unlock',
      'agent',
      'check',
      'completion',
      'credential capability',
      'credential erase',
      'credential get',
      'credential install',
      'credential store',
      'credential uninstall',
      'doctor',
      'login',
      'mcp',
      'open token',
      'route explain',
      'serve',
      'ssh-keys',
      'ssh-session',
      'token cancel',
      'token check',
      'token create',
      'token derive',
      'token list',
      'token permissions',
      'token remind',
      'token revoke',
      'token rotate',
      'token show',
      'whoami',
    ]);
  });

  test.each(COMMANDS.map((command) => [pathOf(command)]))(
    'of %j says what it does and shows examples that parse as its own',
    async (path) => {
      const { code, printed, said } = await runWords([...path, '--help']);
      expect(code).toBe(EXIT.ok);
      expect(said).toEqual([]);
      expect(printed).toContain(`Usage: ${['latchkey', ...path].join(' ')} `);
      const examples = printed
        .split('\nExamples:\n')[1]!
        .trim()
        .split('\n')
        .map((line) => line.trim());
      for (const example of examples)
        expect(example).toMatch(new RegExp(`^([A-Z_]+=\\S+ )?latchkey ${path.join(' ')}`));
    },
  );

  test('of every administration command that does something names the data', async () => {
    for (const command of COMMANDS.filter((each) => each.commands.length === 0 && pathOf(each)[0] === 'admin')) {
      const { printed } = await runWords([...pathOf(command), '--help']);
      for (const flag of ['--data <DIR>', '--config <FILE>', '--database <URL>', '--repositories <DIR>'])
        expect(printed).toContain(flag);
    }
  });

  test('of serve names every setting by flag and variable', async () => {
    const { printed } = await runWords(['serve', '--help']);
    for (const name of SETTING_NAMES) {
      expect(printed).toContain(`  ${settingFlag(name)} `);
      expect(printed).toContain(`[${settingVariable(name)}]`);
    }
  });

  test('of the program explains every exit code', async () => {
    expect((await runWords(['--help'])).printed).toContain(EXIT_CODE_HELP);
    for (const code of Object.values(EXIT)) expect(EXIT_CODE_HELP).toMatch(new RegExp(`^  ${code} `, 'm'));
  });

  test("the version is the package's", async () => {
    expect((await runWords(['--version'])).printed).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

/** Each row: a meaningless command line, its error, and its hint. */
const USAGE_ERRORS: readonly [string, string, string][] = [
  [
    '',
    'latchkey needs a command: serve, check, admin, ssh-keys, ssh-session, doctor, login, credential, token, ' +
      'whoami, agent, mcp, open, route, completion',
    'see latchkey --help',
  ],
  [
    'admin',
    'latchkey admin needs a command: audit, backup, check, user, lfs, org, machine, issuer, member-token, ' +
      'migrate, policy, repo, request, restore, scim, secrets, server, team, token',
    'see latchkey admin --help',
  ],
  [
    'admin org member',
    'latchkey admin org member needs a command: add, remove',
    'see latchkey admin org member --help',
  ],
  ['serv', "unknown command 'serv'", 'did you mean serve?'],
  ['admin frobnicate', "unknown command 'frobnicate'", 'see latchkey admin --help'],
  ['serve --prot 1', "unknown option '--prot'", 'did you mean --port?'],
  ['serve --port 1 --port 2', '--port is given twice', 'give it once'],
  ['serve --port', "option '--port <N>' argument missing", 'see latchkey serve --help'],
  ['serve here', "too many arguments for 'serve'. Expected 0 arguments but got 1", 'see latchkey serve --help'],
  [
    'serve --port x',
    '--port must be a whole number from 0 to 65535, not "x"',
    '--port: port to listen on; 0 takes a free one; left out, it is 7070',
  ],
  [
    'serve --tls-cert c',
    '--tls-cert is given without --tls-key',
    'name the private key of the certificate, too: --tls-key FILE',
  ],
  ['admin user add --email a@example.org', "missing required argument 'LOGIN'", 'see latchkey admin user add --help'],
  ['admin user add ada', "required option '--email <ADDRESS>' not specified", 'see latchkey admin user add --help'],
  [
    'admin user suspend ada grace',
    "too many arguments for 'suspend'. Expected 1 argument but got 2",
    'see latchkey admin user suspend --help',
  ],
  ['admin org add acme', "required option '--owner <LOGIN>' not specified", 'see latchkey admin org add --help'],
  [
    'admin org member add acme ada --role boss',
    "option '--role <ROLE>' argument 'boss' is invalid. Allowed choices are owner, member",
    'see latchkey admin org member add --help',
  ],
  ['admin repo add acme', 'a repository is named OWNER/NAME, not "acme"', 'for example: acme/site'],
  ['admin repo add acme/a/b', 'a repository is named OWNER/NAME, not "acme/a/b"', 'for example: acme/site'],
  ['admin repo add acme/', 'a repository is named OWNER/NAME, not "acme/"', 'for example: acme/site'],
  [
    'admin repo add acme/site --public --internal',
    "option '--public' cannot be used with option '--internal'",
    'see latchkey admin repo add --help',
  ],
  [
    'admin repo collaborator add acme/site ada',
    "required option '--role <ROLE>' not specified",
    'see latchkey admin repo collaborator add --help',
  ],
  ['admin token add ada', "required option '--name <NAME>' not specified", 'see latchkey admin token add --help'],
  [
    'admin token add ada --name n --classic --scoped',
    "option '--classic' cannot be used with option '--scoped'",
    'see latchkey admin token add --help',
  ],
  [
    'admin token add ada --name n --classic --owner acme',
    "option '--classic' cannot be used with option '--owner <OWNER>'",
    'see latchkey admin token add --help',
  ],
  [
    'admin token add ada --name n --scoped --permission contents=read',
    "option '--scoped' cannot be used with option '--permission <P=LEVEL>'",
    'see latchkey admin token add --help',
  ],
  [
    'admin token add ada --name n --repo a --all-repos',
    "option '--repo <REPO>' cannot be used with option '--all-repos'",
    'see latchkey admin token add --help',
  ],
  [
    'admin token add ada --name n --all-repos --public-only',
    "option '--all-repos' cannot be used with option '--public-only'",
    'see latchkey admin token add --help',
  ],
  [
    'admin token add ada --name n --scope repo',
    '--scope needs --classic or --scoped',
    'say which scopes are meant: those of GitHub (--classic) or of GitLab (--scoped)',
  ],
  [
    'admin token add ada --name n --permission contents',
    '--permission takes NAME=LEVEL, not "contents"',
    'for example: --permission contents=read',
  ],
  [
    'admin token add ada --name n --permission contents=read --permission contents=write',
    '--permission contents is given with two levels',
    'give it once, with the higher one',
  ],
  [
    'admin token add ada --name n --expires-in soon',
    '--expires-in takes a number of days or none, not "soon"',
    'for example: --expires-in 90',
  ],
  ['admin token revoke seven', 'a token\'s ID is a number, not "seven"', '`latchkey admin token list LOGIN` shows it'],
  [
    'admin restore',
    'say what is known of the time since the backup: --tail FILE, --end-all-tokens or --nothing-ended',
    'a tail is made with: latchkey admin audit export --output FILE --resume',
  ],
  [
    'admin token list ada --database mysql://x',
    '--database must be an address of PostgreSQL that begins with postgres:// or postgresql://',
    'ANY',
  ],
];

describe('a command line that can mean nothing', () => {
  test.each(USAGE_ERRORS)('is refused with a hint, as latchkey %s', async (line, error, hint) => {
    const { code, printed, said } = await runWords(line.split(' ').filter((word) => word !== ''));
    expect(said[0]).toBe(`error: ${error}`);
    if (hint === 'ANY') expect(said[1]).toMatch(/^hint: /);
    else expect(said[1]).toBe(`hint: ${hint}`);
    expect(said).toHaveLength(2);
    expect(printed).toBe('');
    expect(code).toBe(EXIT.usage);
  });

  test('a mistaken variable stops every command that reads settings', async () => {
    const { code, said } = await runWords(['admin', 'token', 'list', 'ada'], { LATCHKEY_DAAT: '/srv' });
    expect(said).toEqual([
      'error: the variable LATCHKEY_DAAT is set, but there is no such setting',
      'hint: did you mean LATCHKEY_DATA?',
    ]);
    expect(code).toBe(EXIT.usage);
  });
});

describe('the voice', () => {
  test.each([
    ['There is no user ada.', 'there is no user ada'],
    ['GitHub says so.', 'GitHub says so'],
    ['LATCHKEY_PORT must be a number.', 'LATCHKEY_PORT must be a number'],
    ['--port must be a number.', '--port must be a number'],
    ['Wait...', 'wait...'],
    ['a\u001b[2Jb\r\nc', 'a [2Jb c'],
  ])('%j is spoken as %j', (sentence, said) => expect(spoken(sentence)).toBe(said));

  test.each<[string, unknown, number, string[]]>([
    [
      'a problem tells every complaint',
      new Problem([
        { field: 'a', code: 'invalid', message: 'One.' },
        { field: 'b', code: 'invalid', message: 'Two.' },
      ]),
      EXIT.refused,
      ['error: one', 'error: two', 'hint: nothing was changed; see latchkey x --help'],
    ],
    [
      'a setting comes with its own hint',
      new SettingsProblem([settingComplaint('port', 'No.', 'Yes.')]),
      EXIT.usage,
      ['error: no', 'hint: yes'],
    ],
    [
      'a fault keeps its detail to itself',
      new Fault('the database is away', { hint: 'start it', detail: 'hunter2' }),
      EXIT.fault,
      ['error: the database is away', 'hint: start it'],
    ],
    [
      'the unexpected says so',
      new TypeError('x is not a function'),
      EXIT.fault,
      [
        'error: something failed that should not: x is not a function',
        'hint: with LATCHKEY_LOG_LEVEL=debug the same command shows where',
      ],
    ],
    [
      'one complaint',
      problem('not_found', 'There is no token 7.'),
      EXIT.refused,
      ['error: there is no token 7', 'hint: nothing was changed; see latchkey x --help'],
    ],
  ])('%s', (_, error, code, said) => {
    const terminal = recordingTerminal();
    expect(sayError(terminal, error, 'latchkey x')).toBe(code);
    expect(terminal.said).toEqual(said);
    expect(terminal.printed).toEqual([]);
  });

  test('debugging shows the detail and where it happened', () => {
    const terminal = recordingTerminal({ LATCHKEY_LOG_LEVEL: 'debug' });
    sayError(terminal, new Fault('away', { detail: 'connection refused' }), 'latchkey x');
    expect(terminal.said.join('\n')).toMatch(/connection refused\n.*command-line\.test/s);
  });
});

describe('an old Node', () => {
  test.each(['18.20.0', '20.20.2', '23.11.1'])('%s is refused with the remedy', (version) => {
    expect(nodeComplaint(version)).toMatch(
      new RegExp(`^error: latchkey needs Node.js 24 or later, and this is ${version}\\nhint: `),
    );
  });
  test.each(['24.0.0', '26.1.0', '100.0.0'])('%s will do', (version) => expect(nodeComplaint(version)).toBeNull());
});

test('a table is aligned, and what is not there is a dash', () => {
  expect(
    alignedTable(
      ['id', 'last_eight'],
      [
        { id: 1, last_eight: null },
        { id: 100, last_eight: 'abc' },
      ],
    ),
  ).toEqual(['ID   LAST EIGHT', '1    -', '100  abc']);
});
