/**
 * What a new repository may begin with: a `.gitignore` for its language, and a licence.
 *
 * Source: `gitignores.json` holds the templates of github/gitignore (CC0) for what people write most; `licenses.json`
 * the texts of the licences that GitHub offers, with our own descriptions, and what choosealicense.com says that they
 * permit and require. Both are read at their first use: together they are 270 KB.
 */
import { once } from '../../base/once.ts';

/** A template of `.gitignore`. */
export interface Gitignore {
  /** `C++`. */
  readonly name: string;
  readonly source: string;
}

export interface License {
  /** `bsd-3-clause`. */
  readonly key: string;
  /** SPDX's identifier: `BSD-3-Clause`. */
  readonly spdxId: string;
  readonly name: string;
  readonly description: string;
  /** In choosealicense.com's words: `commercial-use`. */
  readonly permissions: readonly string[];
  readonly conditions: readonly string[];
  readonly limitations: readonly string[];
  /** True for those that are offered first. */
  readonly featured: boolean;
  /** With `[year]` and `[fullname]` where the owner stands. */
  readonly body: string;
}

/** All templates, by name. */
export const gitignores: () => Promise<readonly Gitignore[]> = once(async () => {
  const { default: data } = await import('./gitignores.json', { with: { type: 'json' } });
  return Object.entries(data.templates)
    .map(([name, source]) => ({ name, source }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
});

/** All licences, by name. */
export const licenses: () => Promise<readonly License[]> = once(async () => {
  const { default: data } = await import('./licenses.json', { with: { type: 'json' } });
  return data.licenses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
});

/** The template of that name, in any case. */
export async function gitignoreNamed(name: string): Promise<Gitignore | null> {
  return (await gitignores()).find((each) => each.name.toLowerCase() === name.toLowerCase()) ?? null;
}

/** The licence of that key or SPDX identifier, in any case. */
export async function licenseNamed(key: string): Promise<License | null> {
  return (await licenses()).find((each) => each.key === key.toLowerCase()) ?? null;
}

/** The licence's text for a work of that owner, which began in that year. */
export function licenseText({ body }: License, owner: string, year: number): string {
  return body.replaceAll('[year]', String(year)).replaceAll('[fullname]', () => owner);
}
