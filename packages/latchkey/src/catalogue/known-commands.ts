/**
 * Commands of others that come with a client id of their own, and sign people in by the device flow of whichever server
 * they are pointed at. They renew nothing, so what they get is a token for as long as the person chose.
 *
 * A client id proves nothing: any program can send it. Source: `internal/authflow/flow.go` of github.com/cli/cli.
 */
export interface KnownCommand {
  readonly name: string;
  /** The line that begins its sign-in. */
  readonly line: string;
}

const KNOWN_COMMANDS: Readonly<Record<string, KnownCommand>> = {
  '178c6fc778ccc68e1d6a': { name: 'GitHub CLI', line: 'gh auth login' },
};

/** The command with that client id; null = none that is known. */
export function knownCommand(clientId: string): KnownCommand | null {
  return Object.hasOwn(KNOWN_COMMANDS, clientId) ? (KNOWN_COMMANDS[clientId] ?? null) : null;
}
