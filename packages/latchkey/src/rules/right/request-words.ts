/**
 * A request in sentences: what it asks for, and what would work of that once it was approved. Whoever decides reads
 * them, and whoever asked.
 */
import { listed } from '../../catalogue/refusals/links.ts';
import { joinedReach } from '../reach.ts';
import { obstacleWords, someOf } from './effect-words.ts';
import { type Gain, gainOfGrant } from './gain.ts';
import { type AskedFor, deedWords, place, repositories } from './reach-words.ts';
import { type Reader, type RightFacts, type RightGrant, toldTo } from './right-sentence.ts';

/**
 * What would work if it were approved today, in one or two sentences.
 * @param grant what is granted already when it is active, and what is asked for otherwise
 */
function approvalSentence(token: RightFacts, grant: RightGrant, asked: AskedFor): string {
  const isMore = grant.state === 'active';
  const names = [...new Set([...grant.repositoryNames, ...asked.repositoryNames])].sort();
  const reach = isMore ? joinedReach(grant, asked) : asked;
  const wanted: RightGrant = {
    ...grant,
    ...reach,
    repositoryIds: new Set(reach.repositoryIds),
    repositoryNames: isMore ? names : asked.repositoryNames,
  };
  const gain = gainOfGrant(token.world, token, isMore ? grant : null, wanted);
  const works = gainWords(wanted, gain);
  const owner = token.world.owners.get(grant.ownerId) ?? null;
  const obstacles = [...gain.inRepositories, gain.elsewhere].flatMap((each) => each?.obstacle ?? []);
  const clauses = listed([...new Set(obstacles)].map((obstacle) => obstacleWords(obstacle, owner, token)));
  if (works === null)
    return clauses === ''
      ? 'Approved, it could do nothing more than today.'
      : `Approved, it could do nothing more than today: ${clauses}.`;
  const said = `Approved, it could ${isMore ? 'newly ' : ''}${works}.`;
  return clauses === '' ? said : `${said} More would not work: ${clauses}.`;
}

/** What would work of what a grant asks for, if it were approved today; null where nothing waits. */
export function approvalOf(token: RightFacts, grant: RightGrant, reader: Reader): string | null {
  return grant.request === null ? null : toldTo(reader, approvalSentence(token, grant, grant.request));
}

function gainWords(grant: RightGrant, { inRepositories, elsewhere }: Gain): string | null {
  const only = inRepositories.length === 1;
  const [, ofOwner] = deedWords(elsewhere?.permissions ?? {}, elsewhere?.held);
  const words = [
    ...inRepositories.flatMap((extent) => {
      const [deeds] = deedWords(extent.permissions, extent.held);
      return deeds === null ? [] : [`${deeds} in ${only ? repositories(grant) : someOf(grant, extent)}`];
    }),
    ...(ofOwner === null ? [] : [`${ofOwner} of ${place(grant)}`]),
  ];
  return words.length === 0 ? null : words.join('; ');
}
