/** `/Groups`: what a directory does with groups. */
import type { FastifyReply } from 'fastify';
import type { Context } from '../../actions/ground/context.ts';
import {
  changeGroup,
  type GroupSearch,
  type GroupView,
  listGroups,
  provisionGroup,
  readGroup,
  removeGroup,
} from '../../actions/provisioning/groups.ts';
import { listOf, ScimError, send } from './answers.ts';
import { conditionsIn, idIn } from './filter.ts';
import { patchedGroup, presentGroup, readGroupBody } from './group.ts';
import { operationsIn } from './patch.ts';
import { idOf, namesIn, type On, one, onlyAsked, pageIn, type Query, type Request } from './query.ts';
import { PREFIX } from './user.ts';

export function groupRoutes(ctx: Context, on: On): void {
  const { publicUrl } = ctx.settings;
  const answer = (reply: FastifyReply, request: Request, status: number, group: GroupView): FastifyReply =>
    send(reply, status, onlyAsked(presentGroup(group, publicUrl), request.query));

  on('GET', '/Groups', async (directory, request, reply) => {
    const { startIndex, count } = pageIn(request.query);
    const search = groupSearchIn(one(request.query, 'filter'));
    const page = { offset: startIndex - 1, limit: count, withMembers: wantsMembers(request.query) };
    const { groups, total } =
      search === null ? { groups: [], total: 0 } : await listGroups(ctx, directory, search, page);
    const shown = groups.map((group) => onlyAsked(presentGroup(group, publicUrl, page.withMembers), request.query));
    return send(reply, 200, listOf(shown, total, startIndex));
  });
  on('POST', '/Groups', async (directory, request, reply) => {
    const made = await provisionGroup(ctx, directory, readGroupBody(request.body));
    void reply.header('Location', `${publicUrl}${PREFIX}/Groups/${made.group.id}`);
    return answer(reply, request, 201, made);
  });
  on('GET', '/Groups/:id', async (directory, request, reply) =>
    answer(reply, request, 200, await readGroup(ctx, directory, idOf(request, 'group'))),
  );
  on('PUT', '/Groups/:id', async (directory, request, reply) => {
    const wish = readGroupBody(request.body);
    return answer(reply, request, 200, await changeGroup(ctx, directory, idOf(request, 'group'), () => wish));
  });
  on('PATCH', '/Groups/:id', async (directory, request, reply) => {
    const operations = operationsIn(request.body);
    const change = (now: GroupView) => patchedGroup(now, operations);
    return answer(reply, request, 200, await changeGroup(ctx, directory, idOf(request, 'group'), change));
  });
  on('DELETE', '/Groups/:id', async (directory, request, reply) => {
    await removeGroup(ctx, directory, idOf(request, 'group'));
    return reply.code(204).send();
  });
}

/** Directories leave out who is in them when they look for groups: there may be thousands. */
function wantsMembers(query: Query): boolean {
  const wanted = namesIn(query, 'attributes');
  return wanted.size > 0 ? wanted.has('members') : !namesIn(query, 'excludedAttributes').has('members');
}

/** Which groups to look for; null = none, since no value is the right one. @throws ScimError */
function groupSearchIn(filter: string | undefined): GroupSearch | null {
  let search: GroupSearch | null = {};
  for (const { attribute, value } of filter === undefined ? [] : conditionsIn(filter)) {
    const text = typeof value === 'string' ? value : null;
    const found = conditionFor(attribute, text);
    search = search === null || found === null ? null : { ...search, ...found };
  }
  return search;
}

function conditionFor(attribute: string, text: string | null): GroupSearch | null {
  const id = text === null ? null : idIn(text);
  switch (attribute) {
    case 'displayname':
      return text === null ? null : { name: text };
    case 'externalid':
      return text === null ? null : { externalId: text };
    case 'id':
      return id === null ? null : { id };
    case 'members':
    case 'members.value':
      return id === null ? null : { memberId: id };
    default:
      throw new ScimError(
        400,
        'invalidFilter',
        `Groups are found by id, displayName, externalId and members.value, not by ${attribute.slice(0, 60)}.`,
      );
  }
}
