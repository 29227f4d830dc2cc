/** How a service of a route map asks for a credential, and where people reach it. */
import type { Guard } from './route-map.ts';
import type { ServiceEntry } from './schema.ts';

interface GuardProblem {
  readonly key: 'challenge' | 'origin';
  readonly message: string;
}

export function guardOf({ challenge = 'bearer', hosts = [], origin, prefix = '/' }: ServiceEntry): {
  readonly guard: Guard;
  readonly problems: readonly GuardProblem[];
} {
  const problems: GuardProblem[] = [];
  if (challenge === 'sign-in' && hosts.length === 0)
    problems.push({ key: 'challenge', message: 'A service where people sign in names its hosts.' });
  const [host, ...others] = hosts;
  if (origin !== undefined && (others.length > 0 || host !== URL.parse(origin)?.hostname))
    problems.push({
      key: 'origin',
      message: 'A service with an origin names its host, and no other: [app.example.org].',
    });
  const origins = new Map(hosts.map((each) => [each, originOf(origin ?? `https://${each}`)]));
  const resources = new Map([...origins].map(([each, at]) => [each, prefix === '/' ? at : at + prefix]));
  return { guard: { challenge, origins, resources }, problems };
}

/** As browsers write it: without the port that the scheme implies. */
const originOf = (text: string): string => URL.parse(text)?.origin ?? text;
