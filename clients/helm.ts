/**
 * The chart by Helm itself, and what it makes against the schemas of Kubernetes: linted, rendered as the documentation
 * says and in other forms, each resource checked strictly, and what the chart refuses, in its words. Needs Go and
 * Python on the machine, which get Helm and the schemas from their registries; a folder that has them saves that.
 *
 * No cluster runs it: that the pods start isn't shown here.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';

const ROOT = join(import.meta.dirname, '..');
const CHART = 'deploy/helm/latchkey';
const HELM = 'helm.sh/helm/v3/cmd/helm@v3.22.0';
const SCHEMAS = 'kubernetes-validate==1.37.0';
/** The oldest that the chart takes, and a new one. */
const KUBERNETES = ['1.25', '1.37'] as const;

const NEEDED = ['image.repository=registry.example.org/latchkey', 'publicUrl=https://git.example.org'];
const FRONT = [...NEEDED, 'trustedProxies={10.42.0.0/16}'];
const SEVERAL = [...FRONT, 'replicas=3', 'database.secret=latchkey-database', 'repositories.shared=true'];

/** Forms in which the chart is rendered, beside those of the documentation. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  'one node': FRONT,
  'one node in plain HTTP': [NEEDED[0] ?? '', 'publicUrl=http://latchkey.internal'],
  'several nodes': [...SEVERAL, 'secretKey.secret=latchkey-key'],
  'everything else': [
    ...FRONT,
    'settings.LATCHKEY_SIGN_UP=invited',
    'secretSettings.LATCHKEY_SMTP.secret=latchkey-smtp',
    'secretSettings.LATCHKEY_SMTP.key=url',
    'imagePullSecrets[0].name=registry',
    'image.tag=1.2.3',
    'data.storageClass=fast',
    'networkPolicy.from[0].podSelector.matchLabels.app=front',
    'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring',
    'ingress.enabled=true',
    'ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/proxy-body-size=0',
    'podAnnotations.team=platform',
    'nodeSelector.disk=ssd',
    'tolerations[0].key=git',
    'tolerations[0].operator=Exists',
  ],
  'no metrics, no network policy': [...FRONT, 'metrics.enabled=false', 'networkPolicy.enabled=false'],
};

/** What the chart refuses → a part of what it says. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'image.repository is missing': [],
  'publicUrl is missing': [NEEDED[0] ?? ''],
  'trustedProxies is missing': NEEDED,
  'secretKey.secret is missing': SEVERAL,
  'repositories.shared': [...FRONT, 'replicas=3', 'database.secret=latchkey-database', 'secretKey.secret=latchkey-key'],
  'name database.secret': [...FRONT, 'replicas=3', 'secretKey.secret=latchkey-key', 'repositories.shared=true'],
};

/** @param kept a folder that has the programs already, or will */
export async function helm(kept: string | undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-helm-'));
  const programs = kept ?? join(folder, 'programs');
  const program = join(programs, 'helm');
  const python = join(programs, 'python');
  try {
    if (!existsSync(program)) await run('go', ['install', HELM], { env: { ...process.env, GOBIN: programs } });
    if (!existsSync(python)) await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', python, SCHEMAS]);
    const sets = (values: readonly string[]): string[] => values.flatMap((value) => ['--set-json', asJson(value)]);
    await run(program, ['lint', '--strict', CHART, ...sets(FRONT)], { cwd: ROOT });
    console.log(`${(await run(program, ['version', '--short'])).stdout.trim()} has nothing against the chart`);
    const forms: readonly (readonly [string, readonly string[]])[] = [
      ...Object.entries(FORMS).map(([name, values]) => [name, sets(values)] as const),
      ...(await documented()),
    ];
    for (const [name, args] of forms)
      for (const version of KUBERNETES) {
        const rendered = await run(program, ['template', 'latchkey', CHART, '--kube-version', version, ...args], {
          cwd: ROOT,
        });
        const file = join(folder, 'rendered.yaml');
        await writeFile(file, rendered.stdout);
        const { stdout, stderr } = await run(
          'python3',
          ['-m', 'kubernetes_validate', '--strict', '--kubernetes-version', version, file],
          { env: { ...process.env, PYTHONPATH: python } },
        );
        const passed = (stdout + stderr).match(/passed for resource/g)?.length ?? 0;
        if (passed !== rendered.stdout.match(/^kind: /gm)?.length) throw new Error(`${name}: ${stdout}${stderr}`);
        console.log(`${name.padEnd(42)} Kubernetes ${version}: ${passed} resources`);
      }
    for (const [words, values] of Object.entries(REFUSED)) {
      const said = await run(program, ['template', 'latchkey', CHART, '--kube-version', '1.31', ...sets(values)], {
        cwd: ROOT,
      }).then(
        () => 'it was taken',
        (error: Error) => error.message,
      );
      if (!said.includes(words)) throw new Error(`not refused with "${words}": ${said}`);
      console.log(`refused: ${words}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `a.b=c` as Helm takes values of any type: words stay words. */
function asJson(value: string): string {
  const at = value.indexOf('=');
  const [name, text] = [value.slice(0, at), value.slice(at + 1)];
  if (text.startsWith('{')) return `${name}=${JSON.stringify(text.slice(1, -1).split(','))}`;
  return `${name}=${/^(?:true|false|[1-9]\d*)$/.test(text) ? text : JSON.stringify(text)}`;
}

/** The options of the documentation's own commands; the second stands on the first. */
async function documented(): Promise<(readonly [string, readonly string[]])[]> {
  const page = (await readFile(join(ROOT, 'docs/install.md'), 'utf8')).replaceAll(/ *\\\n +/g, ' ');
  const lines = [...page.matchAll(/^helm (?:install|upgrade --install) latchkey deploy\/helm\/latchkey (.*)$/gm)];
  if (lines.length !== 2) throw new Error('docs/install.md has other commands for Helm');
  const options = lines.map(([, words = '']) =>
    words
      .replace('--reuse-values ', '')
      .split(' ')
      .map((word) => word.replaceAll("'", '')),
  );
  return options.map((_, i) => [`docs/install.md, ${i + 1}`, options.slice(0, i + 1).flat()] as const);
}
