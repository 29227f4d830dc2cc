/** The Helm chart against the program: its settings, its paths, its times; and its templates against its values. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTING_NAMES, settingRow, settingVariable } from '../../src/base/settings/rows.ts';
import { programVersion } from '../../src/base/version.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const CHART = join(ROOT, 'deploy/helm/latchkey');
const TEMPLATES = readdirSync(join(CHART, 'templates')).map((name) =>
  readFileSync(join(CHART, 'templates', name), 'utf8'),
);
const DEPLOYMENT = readFileSync(join(CHART, 'templates/deployment.yaml'), 'utf8');
const VALUES_TEXT = readFileSync(join(CHART, 'values.yaml'), 'utf8');
const VALUES = parse(VALUES_TEXT) as Record<string, unknown>;

it('names only settings that there are, secret ones as files', () => {
  const named = [...(DEPLOYMENT + VALUES_TEXT).matchAll(/\bLATCHKEY_[A-Z_]+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(9);
  const known = new Map(SETTING_NAMES.map((name) => [settingVariable(name), settingRow(name)]));
  const strange = named.filter((name) => {
    if (known.has(name)) return false;
    return known.get(name.replace(/_FILE$/, ''))?.kind.secret !== true;
  });
  expect(strange).toEqual([]);
  // A secret in a variable could be read by everybody who may see the pod.
  const plain = [...DEPLOYMENT.matchAll(/name: (LATCHKEY_[A-Z_]+),/g)].map(([, name = '']) => name);
  expect(plain.filter((name) => known.get(name)?.kind.secret === true)).toEqual([]);
});

it('uses every value, and no value that there isn’t', () => {
  const paths = (tree: object, before = ''): string[] =>
    Object.entries(tree).flatMap(([name, value]: [string, unknown]) =>
      value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0
        ? paths(value, `${before}${name}.`)
        : [`${before}${name}`],
    );
  const given = paths(VALUES);
  const text = TEMPLATES.join('\n');
  const used = [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, path = '']) => path);
  const covers = (one: string, other: string): boolean => one === other || one.startsWith(`${other}.`);
  expect(used.filter((path) => !given.some((value) => covers(value, path)))).toEqual([]);
  expect(given.filter((value) => !used.some((path) => covers(value, path)))).toEqual([]);
});

it('closes every block that it opens', () => {
  for (const text of TEMPLATES) {
    const words = [...text.matchAll(/\{\{-?\s*(if|with|range|define|end)\b/g)].map(([, word]) => word);
    expect(words.filter((word) => word === 'end')).toHaveLength(words.filter((word) => word !== 'end').length);
  }
});

it('is of the version of the server', () => {
  const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, unknown>;
  expect(chart).toMatchObject({ version: programVersion(), appVersion: programVersion() });
});

it('runs the image as the Dockerfile makes it, and gives it time to stop', () => {
  const image = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const [, user = '', group = ''] = /^USER (\d+):(\d+)$/m.exec(image) ?? [];
  expect(DEPLOYMENT).toContain(`runAsUser: ${user}\n`);
  expect(DEPLOYMENT).toContain(`fsGroup: ${group}\n`);
  expect(DEPLOYMENT).toContain(`containerPort: ${/^EXPOSE (\d+)$/m.exec(image)?.[1]} `);
  const volume = /^VOLUME (\S+)$/m.exec(image)?.[1] ?? '';
  expect(DEPLOYMENT).toContain(`name: data, mountPath: ${volume} }`);
  expect(DEPLOYMENT).toContain(`LATCHKEY_DATA, value: ${volume}/`);
  expect(DEPLOYMENT).toMatch(/terminationGracePeriodSeconds: \{\{ add \.Values\.drainSec \.Values\.stopDelaySec [1-9]/);
  expect(DEPLOYMENT).toContain('/readyz, port: http');
  // It must notice a node that stops before that node refuses connections.
  const [, period = '', times = ''] = /readinessProbe: .* periodSeconds: (\d+), .* failureThreshold: (\d+)/.exec(
    DEPLOYMENT,
  )!;
  expect(Number(VALUES['stopDelaySec'])).toBeGreaterThan(Number(period) * Number(times));
});
