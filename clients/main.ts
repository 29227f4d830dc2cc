/**
 * What other people's programs do with this server: `npm run clients -- WHAT`. Each is installed from its registry
 * into a folder of its own; nothing of the checkout depends on them, so no test does.
 */
import { acme } from './acme.ts';
import { credentialSuite } from './credential-suite.ts';
import { crowdsec } from './crowdsec.ts';
import { gh } from './gh.ts';
import { gitSuite } from './git-suite/suite.ts';
import { helm } from './helm.ts';
import { languages } from './languages.ts';
import { lfs } from './lfs.ts';
import { mcpTools } from './mcp-tools.ts';
import { oauth } from './oauth.ts';
import { packages } from './packages.ts';
import { pgbouncer } from './pgbouncer.ts';
import { proxies } from './proxies.ts';
import { REST_LIBRARIES, restLibrary } from './rest-libraries.ts';
import { scanners } from './scanners.ts';
import { services } from './services.ts';
import { ssh } from './ssh.ts';
import { words } from './words.ts';

const USES = `acme       whether Pebble, the test server of Let's Encrypt, gives certificates to --acme-domain; acme FOLDER
           keeps it there
crowdsec   whether CrowdSec bans who guesses, with the parser and the scenario of examples/crowdsec
languages  whether the clients in Python and Go do what they say
helm       whether Helm and the schemas of Kubernetes have anything against the chart; helm FOLDER keeps them there
gh         what GitHub's command line does with this server, command by command
lfs        whether git-lfs, as installed on this machine, does everything with this server
mcp-tools  what the official client of the Model Context Protocol may call of an official server behind
           examples/mcp, by its token; what it does with latchkey mcp; and whether Python's signs in by itself
oauth      whether git-credential-oauth signs in, pushes and renews, by a browser and by a code
ssh        whether git works through OpenSSH, and nothing else does
words      where git clients print what the server says when it refuses
packages   whether npm and pip install from archives and by git, with and without a token
pgbouncer  whether two nodes work on a PostgreSQL behind PgBouncer in transaction mode
pygithub, python-gitlab
           which calls of these libraries work
proxies    whether nginx, Caddy, HAProxy, Apache, Traefik and Envoy do with this server what the documentation says
services   whether the route maps of examples/route-map fit the services that they are for; services FOLDER keeps
           the programs there, and services FOLDER NAME… tries these alone
scanners   whether gitleaks finds every token with the rules of docs/tokens.md
credential-suite --git-source PATH
           what git's own checks of credential helpers (t/lib-credential.sh) say of ours; PATH is a checkout of
           git's source in which make has run
git-suite  what git's own tests of HTTP (t5541, t5551, …) say of this server, with the source of the machine's git;
           git-suite --git-source PATH takes a checkout in which make has run, and names such as t5541 try these alone
`;

const [what, flag, path, ...others] = process.argv.slice(2);
if (what === 'words') await words();
else if (what === 'acme') await acme(flag);
else if (what === 'crowdsec') await crowdsec();
else if (what === 'helm') await helm(flag);
else if (what === 'languages') await languages();
else if (what === 'lfs') await lfs();
else if (what === 'gh') await gh();
else if (what === 'oauth') await oauth();
else if (what === 'ssh') await ssh();
else if (what === 'mcp-tools') await mcpTools();
else if (what === 'packages') await packages();
else if (what === 'pgbouncer') await pgbouncer();
else if (what === 'proxies') await proxies();
else if (what !== undefined && REST_LIBRARIES.includes(what)) await restLibrary(what);
else if (what === 'services') await services(flag, path === undefined ? [] : [path, ...others]);
else if (what === 'scanners') await scanners();
else if (what === 'git-suite')
  await (flag === '--git-source' ? gitSuite(path, others) : gitSuite(undefined, process.argv.slice(3)));
else if (what === 'credential-suite' && flag === '--git-source' && path !== undefined) await credentialSuite(path);
else {
  process.stderr.write(USES);
  process.exitCode = 2;
}
