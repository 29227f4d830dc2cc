/**
 * The events that a repository's webhook can subscribe to.
 *
 * Source: GitHub docs "Webhook events and payloads", the ones for repositories. This server sends `HAPPENING_EVENTS`;
 * it accepts the others because clients ask for them, but they never happen here.
 */

/** Events that happen here. `ping` goes to every webhook, requested or not. */
const HAPPENING_EVENTS: readonly string[] = ['create', 'delete', 'ping', 'push', 'status'];

/** Every name that can be requested; `*` = everything that happens. */
export const WEBHOOK_EVENTS: ReadonlySet<string> = new Set([
  '*',
  ...HAPPENING_EVENTS,
  'branch_protection_configuration',
  'branch_protection_rule',
  'check_run',
  'check_suite',
  'code_scanning_alert',
  'commit_comment',
  'custom_property_values',
  'dependabot_alert',
  'deploy_key',
  'deployment',
  'deployment_review',
  'deployment_status',
  'discussion',
  'discussion_comment',
  'fork',
  'gollum',
  'issue_comment',
  'issues',
  'label',
  'member',
  'merge_group',
  'meta',
  'milestone',
  'package',
  'page_build',
  'project',
  'project_card',
  'project_column',
  'public',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'pull_request_review_thread',
  'registry_package',
  'release',
  'repository',
  'repository_advisory',
  'repository_import',
  'repository_ruleset',
  'repository_vulnerability_alert',
  'secret_scanning_alert',
  'secret_scanning_alert_location',
  'security_and_analysis',
  'star',
  'team_add',
  'watch',
  'workflow_dispatch',
  'workflow_job',
  'workflow_run',
]);
