/**
 * A person on a line of their own, with picture and login.
 *
 * Invariant: what somebody typed (the name of a token, say) never stands in the same run as a person, because "laptop,
 * approved by grace" is a name, too.
 */
import type { VNode } from 'preact';
import { Avatar } from './components.tsx';

export function PersonLine({ login }: { login: string }): VNode {
  return (
    <p class="mb-1 d-flex flex-items-center">
      <Avatar login={login} />
      <bdi class="text-bold ml-1">{login}</bdi>
    </p>
  );
}

/** What somebody called something of theirs, in quotes; whose it is before that, for who can't see the line above. */
export function NameOf({ name, login }: { name: string; login: string }): VNode {
  return (
    <>
      <span class="sr-only">
        <bdi>{login}</bdi>:{' '}
      </span>
      “<bdi class="text-bold">{name}</bdi>”
    </>
  );
}
