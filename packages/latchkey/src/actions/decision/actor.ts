/** Who does something: from a bearer to the actor that logs and events name. */
import type { Bearer, Derivation } from '../../rules/model.ts';
import type { Actor } from '../ground/context.ts';

/** How logs name a deploy key: it stands for no person. */
const DEPLOY_KEY = 'deploy-key';

/** The actor behind a bearer, with where the request came from. */
export function actorOf(bearer: Bearer, from: Pick<Actor, 'address' | 'userAgent'>): Actor {
  if (bearer.via === 'nobody') return { userId: null, login: 'anonymous', tokenId: null, ...from };
  if (bearer.via === 'key') {
    const { user, key } = bearer;
    const who = user === null ? { userId: null, login: DEPLOY_KEY } : { userId: user.id, login: user.login };
    return { ...who, tokenId: null, sshKey: key.fingerprint, ...from };
  }
  const token = bearer.via === 'token' ? bearer.token : null;
  return {
    userId: bearer.user.id,
    login: bearer.user.login,
    tokenId: token?.id ?? null,
    ...(token?.derived == null ? {} : { act: actOf(token.derived) }),
    ...from,
  };
}

function actOf({ id, agent, session }: Derivation): NonNullable<Actor['act']> {
  return { derived_id: id, agent, session };
}
