/**
 * What holds each block of code in each document: the test that runs it, or why none does. A new block fails
 * `house/snippets.test.ts` until it has its line here.
 *
 * Blocks are named by the beginning of their first lines, in the order of the document.
 */

/** What holds one block. */
export type Held =
  /** Its lines run here, by a shell, in the world of `snippets.test.ts`. */
  | {
      readonly here: true;
      /** Lines that come first. */
      readonly before?: string;
      /** Text of the block → what stands for it in that world. */
      readonly with?: Readonly<Record<string, string>>;
      /** Lines that are left out, each with its reason. */
      readonly without?: Readonly<Record<string, string>>;
    }
  /** Here, as a route map, settings, or identity providers: the program reads it without a complaint. */
  | { readonly readAs: 'route map' | 'settings' | 'providers' | 'json' }
  /** The test reads the document, and runs or compares what stands in it. */
  | { readonly runBy: string }
  /** The test has these words of the block itself. */
  | { readonly triedBy: string; readonly words: string }
  /** `npm run clients -- NAME` does it. */
  | { readonly clients: string }
  /** Nothing runs it, for this reason. */
  | { readonly notRun: string };

const here: Held = { here: true };
const runBy = (test: string): Held => ({ runBy: test });
const triedBy = (test: string, words: string): Held => ({ triedBy: test, words });
const notRun = (reason: string): Held => ({ notRun: reason });
const clients = (name: string): Held => ({ clients: name });

const INSTALLS = 'installs on a whole machine';
const TAKES_MINUTES = 'it is this suite';

/** Documents made from tables, whose blocks come from what the test runs. */
export const GENERATED: Readonly<Record<string, string>> = { 'docs/troubleshooting.md': 'browser/help.test.ts' };

export const SNIPPETS: Readonly<Record<string, readonly (readonly [begins: string, held: Held])[]>> = {
  'README.md': [
    ['npm ci && npm start -- --demo', triedBy('scripts/demo.test.ts', '--demo')],
    ['npm ci && npm start', triedBy('scripts/launcher.test.ts', 'npm')],
    [
      'npm run -s latchkey -- admin user add ada --email ada@example.org --verified --admin',
      triedBy('scripts/stranger.test.ts', 'user add ada --email ada@example.org --verified --admin'),
    ],
    [
      'remote: The token "reader" lacks contents: write on ada/notes.',
      triedBy('scripts/stranger.test.ts', 'The token "reader" lacks contents: write on ada/notes.'),
    ],
    ['latchkey admin repo import acme/legacy /srv/old/legacy.git', { here: true, with: { '/srv/old': '"$PWD"' } }],
    ['npm ci && npm test', notRun(TAKES_MINUTES)],
  ],
  'packages/client/README.md': [
    ['latchkey admin server add deploys        # prints the secret of this service, once', here],
    ["import { createClient } from '@latchkey/client';", runBy('packages/client/test/readme.test.ts')],
    ["import { createClient } from '@latchkey/client';", runBy('packages/client/test/readme.test.ts')],
    ["import { createClient } from '@latchkey/client';", runBy('packages/client/test/readme.test.ts')],
    ["import { createClient } from '@latchkey/client';", runBy('packages/client/test/readme.test.ts')],
  ],
  'packages/latchkey/tools/client-readme.md': [
    [
      'latchkey login https://git.example.org     # signs in with a browser, and lets git use the token',
      triedBy('scripts/login.test.ts', 'login'),
    ],
  ],
  'packages/latchkey/tools/server-readme.md': [
    [
      'latchkey serve --demo                      # a world to look around in, in a folder of its own',
      triedBy('scripts/server-package.test.ts', 'serve'),
    ],
  ],
  'docs/audit.md': [
    [
      'latchkey admin audit verify                                  # 0: as it was written; 1: the faults, the first',
      {
        here: true,
        before: 'latchkey admin audit checkpoint > checkpoints.jsonl',
        with: { '--against checkpoints.jsonl': '--against "$PWD/checkpoints.jsonl"', '/mnt/elsewhere/': '' },
      },
    ],
    [
      'latchkey admin audit export --output audit.jsonl             # everything, oldest first, with its checkpoints',
      { here: true, with: { '--output audit.jsonl': '--output "$PWD/audit.jsonl"' } },
    ],
    [
      'latchkey admin audit export --output audit.jsonl --resume',
      {
        here: true,
        with: { '--output audit.jsonl': '--output "$PWD/audit.jsonl"' },
        without: { 'latchkey admin audit prune --before 2025-01-01': 'nothing is that old; cli/audit.test.ts prunes' },
      },
    ],
    [
      '[id, at, action, actor_id, actor_login, user_id, organization_id, repository_id, token_id, actor_token_id, ad',
      runBy('cli/audit.test.ts'),
    ],
    ['{', runBy('cli/audit.test.ts')],
    ['[number, first_id, last_id, entries, entries_digest, previous, at]', runBy('cli/audit.test.ts')],
  ],
  'docs/client.md': [
    ['npm ci && npm run build:cli -- package', triedBy('scripts/client.test.ts', 'npm')],
    ['latchkey login https://HOST', triedBy('scripts/login.test.ts', 'login')],
    [
      'npm run build:cli                          # the package and all executables; fetches a Node.js for each system',
      notRun('fetches a Node.js for each system'),
    ],
  ],
  'docs/clients.md': [
    [
      'curl -O -u "me:$LATCHKEY_TOKEN" https://HOST/acme/site/archive/',
      triedBy('doors/git/archives.test.ts', '/archive/'),
    ],
    ['gh auth login --hostname HOST --web                  # or with a token that you have:', clients('gh')],
  ],
  'docs/configuration.md': [
    [
      '# /etc/latchkey/latchkey.yaml, used with: latchkey serve --config /etc/latchkey/latchkey.yaml',
      { readAs: 'settings' },
    ],
  ],
  'docs/forward-auth.md': [
    ['permissions:', { readAs: 'route map' }],
    ['services:', { readAs: 'route map' }],
    ['services:', { readAs: 'route map' }],
    ['permissions:', { readAs: 'route map' }],
    [
      `curl -s https://latchkey.example.org/api/latchkey/check -H "Authorization: Bearer $LATCHKEY_SECRET" -H 'Conte`,
      here,
    ],
    [
      '{ "token": { "id": 7, "kind": "fine-grained", "login": "ada", "user_id": 1, "expires_at": 1797753600 }, "max_',
      { readAs: 'json' },
    ],
    ['from latchkey import Client, RequireToken', clients('languages')],
    ['client, err := latchkey.New("https://git.example.org", os.Getenv("LATCHKEY_SECRET"))', clients('languages')],
    ['curl -s https://latchkey.example.org/oauth/introspect -u "deploys:$LATCHKEY_SECRET" -d token=lkf_…', here],
  ],
  'docs/git-lfs.md': [
    ['git lfs install', clients('lfs')],
    ['latchkey admin lfs gc --dry-run', here],
  ],
  'docs/github-api.md': [
    [
      `curl https://HOST/api/graphql -H "Authorization: Bearer $LATCHKEY_TOKEN" -d '{"query": "{viewer{login reposit`,
      here,
    ],
    ['api=https://HOST/api/v3/user/personal-access-tokens', { here: true, with: { '$api/7': '$api/TOKEN_ID' } }],
    [`curl https://HOST/api/v3/credentials/revoke -d '{"credentials": ["lkf_…"]}'`, here],
  ],
  'docs/gitlab-api.md': [['{', { readAs: 'json' }]],
  'docs/install.md': [
    ['npm ci', triedBy('house/packaging.test.ts', 'deb')],
    ['apt install ./latchkey_0.1.0_amd64.deb', notRun(INSTALLS)],
    [
      'runuser -u latchkey -- latchkey admin token list ada --data /var/lib/latchkey',
      { here: true, with: { 'runuser -u latchkey --': '', '--data /var/lib/latchkey': '' } },
    ],
    ['mkdir -m 0700 secrets', runBy('scripts/container.test.ts')],
    [
      'docker build --tag latchkey .',
      notRun('no image registry in tests; scripts/container.test.ts tries what the image runs'),
    ],
    ['helm install latchkey deploy/helm/latchkey \\', notRun('needs a cluster; npm run clients -- helm renders it')],
    [
      '(umask 077; head -c 32 /dev/urandom | base64 > secret-key)',
      notRun('needs a cluster; npm run clients -- helm renders it'),
    ],
    ['npm ci', triedBy('scripts/server-package.test.ts', 'serve')],
    ['useradd --system --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey', notRun(INSTALLS)],
    ['[Service]', runBy('house/packaging.test.ts')],
    ['npm ci', triedBy('scripts/launcher.test.ts', 'npm')],
  ],
  'docs/machines.md': [
    [
      'latchkey admin issuer add github --preset github',
      {
        here: true,
        without: {
          'latchkey admin issuer test github': 'asks GitHub',
          'latchkey admin machine rule test deploy-bot --owner acme < job-token':
            'needs a token of a job; scripts/federation-examples.test.ts has one',
        },
      },
    ],
    ['latchkey admin machine rule set deploy-bot 1 --owner acme --life 600 --permission contents=read', here],
    [
      'curl https://latchkey.example.org/oauth/token \\',
      triedBy('doors/oauth/workload-world.ts', 'urn:ietf:params:oauth:grant-type:token-exchange'),
    ],
  ],
  'docs/oauth.md': [
    ['curl https://latchkey.example.org/login/oauth/access_token \\', clients('oauth')],
    [
      'curl https://latchkey.example.org/login/device/code \\',
      triedBy('doors/oauth/device-flow.test.ts', 'urn:ietf:params:oauth:grant-type:device_code'),
    ],
    ['git credential-oauth configure', clients('oauth')],
    [
      'git config --global credential.https://latchkey.example.org.oauthClientId CLIENT_ID',
      notRun('Git Credential Manager comes from no registry'),
    ],
    [
      '{ "mcpServers": { "memory": { "type": "http", "url": "https://tools.example.org/mcp" } } }',
      runBy('doors/oauth/mcp-sdk.test.ts'),
    ],
    [
      '{ "servers": { "memory": { "type": "http", "url": "https://tools.example.org/mcp" } } }',
      runBy('doors/oauth/mcp-sdk.test.ts'),
    ],
  ],
  'docs/operations.md': [
    ['pool_mode = transaction', clients('pgbouncer')],
    ['reverse_proxy node-1:7070 node-2:7070 {', notRun('a piece for a Caddyfile; the same for nginx is run')],
    [
      'upstream latchkey { server node-1:7070 max_fails=0; server node-2:7070 max_fails=0; keepalive 32; }',
      runBy('scripts/rolling-restart.test.ts'),
    ],
    ['$ latchkey check --config /etc/latchkey/latchkey.yaml', triedBy('cli/installation.test.ts', 'data folder')],
    ['{"status": "ready to check", "check": true, "write": false,', { readAs: 'json' }],
  ],
  'docs/performance.md': [['npm run bench ', notRun('measures for a quarter of an hour')]],
  'docs/proxies.md': [
    ['server {', runBy('scripts/documented-proxies.test.ts')],
    ['https://git.example.org {', runBy('scripts/documented-proxies.test.ts')],
    ['defaults', runBy('scripts/documented-proxies.test.ts')],
    ['<VirtualHost *:443>', runBy('scripts/documented-proxies.test.ts')],
    ['entryPoints:', runBy('scripts/documented-proxies.test.ts')],
    ['http:', runBy('scripts/documented-proxies.test.ts')],
    ['static_resources:', runBy('scripts/documented-proxies.test.ts')],
    ['map $request_uri $nodes {', notRun('a piece of a configuration for several nodes')],
    ['@fetch {', notRun('a piece of a configuration for several nodes')],
  ],
  'docs/repositories.md': [
    [
      'latchkey admin repo import acme/app https://git.example.org/team/app.git --credential-file',
      notRun('asks another server; doors/git/imports.test.ts has one'),
    ],
    ['latchkey admin repo mirror add acme/site pull https://git.example.org/', notRun('asks another server')],
  ],
  'docs/single-sign-on.md': [
    ['   # /etc/latchkey/providers.yaml', { readAs: 'providers' }],
    ['    create-accounts: true', { readAs: 'providers' }],
    ['latchkey admin org group add acme directory/entra', notRun('needs a directory with that group')],
  ],
  'docs/ssh.md': [
    ['latchkey serve --ssh-port 2222', clients('ssh')],
    [
      `sudo useradd --non-unique --uid "$(id -u latchkey)" --gid latchkey --home-dir /nonexistent --no-create-home -`,
      notRun(INSTALLS),
    ],
    ['Match User git', clients('ssh')],
    ['sudo sshd -t && sudo systemctl reload ssh', notRun(INSTALLS)],
  ],
  'docs/tokens.md': [
    ['git clone https://HOST/OWNER/NAME.git', triedBy('scripts/stranger.test.ts', 'clone')],
    [`git config --global credential.helper 'cache --timeout=28800'`, notRun("git's own helper")],
    [
      'latchkey admin token add ada --name ci-site --owner acme --repo site --permission contents=read --expires-in 90',
      here,
    ],
    [
      'export GIT_ASKPASS="$PWD/askpass.sh"     # prints $LATCHKEY_TOKEN; see examples/',
      triedBy('scripts/examples.test.ts', 'askpass.sh'),
    ],
    [`curl -H "Authorization: Bearer $LATCHKEY_TOKEN" https://HOST/api/v3/user          # GitHub's dialect`, here],
    [
      `latchkey token derive --repo acme/site --permission contents=write --ref 'agent/**' --expires-in 30m --agent`,
      here,
    ],
    [
      'latchkey admin machine add deploy-bot --owner acme --purpose "deploys the site"',
      { here: true, with: { 'deploy-bot': 'deployer' } },
    ],
    ['(?:[A-Za-z0-9]{1,16}_)?lk[fcsdp]_[A-Za-z0-9]{36}', runBy('rules/token-patterns.test.ts')],
    ['import zlib', notRun('Python; rules/token-text.test.ts has the same checksum')],
    ['title = "With tokens of Latchkey"', runBy('rules/token-patterns.test.ts')],
    ['detectors:', runBy('rules/token-patterns.test.ts')],
  ],
  'docs/security/fuzzing.md': [['door     2xx   3xx   4xx    5xx  none', notRun('the table of a run of hours')]],
  'examples/federation/README.md': [
    [
      'permissions: { id-token: write }',
      notRun("GitHub's runner; its action is run by scripts/federation-examples.test.ts"),
    ],
    ['include:', notRun("GitLab's runner; its component is run by scripts/federation-examples.test.ts")],
  ],
  'examples/grafana/README.md': [
    ['scrape_configs:', notRun("Prometheus's own; house/dashboard.test.ts asks the same address")],
  ],
  'examples/mcp/README.md': [
    [
      '   { "mcpServers": { "memory": { "type": "http", "url": "https://tools.example.org/mcp", "headers": { "Author',
      { readAs: 'json' },
    ],
  ],
};
