"""PyGithub against this server, call by call: one line each, `ok` or what went wrong. Arguments: API URL, token."""
import importlib.metadata
import sys

from github import Auth, Github, InputGitTreeElement

url, token = sys.argv[1:3]
hub = Github(auth=Auth.Token(token), base_url=url, per_page=50, retry=None)


def call(name, act):
    try:
        result = act()
        print(f"{name}\tok", flush=True)
        return result
    except Exception as error:  # every kind of failure is a line of the table
        print(f"{name}\t{type(error).__name__}: {str(error)[:200]}", flush=True)
        return None


me = call("get_user", lambda: hub.get_user())
call("get_user().login", lambda: me.login)
call("get_user(name)", lambda: hub.get_user("ada").name)
call("get_user_by_id", lambda: hub.get_user_by_id(hub.get_user("ada").id).login)
call("get_users", lambda: [one.login for one in hub.get_users()])
call("get_organizations", lambda: [one.login for one in hub.get_organizations()])
call("get_rate_limit", lambda: str(hub.get_rate_limit()))
call("get_emails", lambda: me.get_emails())
call("get_orgs", lambda: list(me.get_orgs()))
call("get_organization_memberships", lambda: list(me.get_organization_memberships()))
call("get_organization_membership", lambda: me.get_organization_membership("acme").role)
call("user.get_keys", lambda: list(me.get_keys()))
call("user.get_repos", lambda: list(me.get_repos()))
call("search_repositories", lambda: list(hub.search_repositories("site")))
call("search_users", lambda: list(hub.search_users("ada")))
call("get_gitignore_templates", lambda: hub.get_gitignore_templates())
call("get_licenses", lambda: list(hub.get_licenses()))

org = call("get_organization", lambda: hub.get_organization("acme"))
call("org.get_repos", lambda: list(org.get_repos()))
call("org.get_members", lambda: list(org.get_members()))
call("org.has_in_members", lambda: org.has_in_members(hub.get_user("ada")))
call("org.get_outside_collaborators", lambda: list(org.get_outside_collaborators()))
team = call("org.create_team", lambda: org.create_team("writers", privacy="closed"))
call("org.get_teams", lambda: list(org.get_teams()))
call("org.get_team_by_slug", lambda: org.get_team_by_slug("writers").name)
call("team.add_membership", lambda: team.add_membership(hub.get_user("ada")))
call("team.get_members", lambda: list(team.get_members()))
call("org.create_repo", lambda: org.create_repo("fresh", private=True, auto_init=True).full_name)

repo = call("create_repo", lambda: me.create_repo(
    "desk", description="a desk", private=True, auto_init=True, has_wiki=False, has_projects=False))
call("get_repo", lambda: hub.get_repo("ada/desk").full_name)
call("get_repo(id)", lambda: hub.get_repo(repo.id).full_name)
call("repo.edit", lambda: repo.edit(description="a better desk", has_issues=False, allow_merge_commit=False))
readme = call("get_readme", lambda: repo.get_readme())
call("get_contents", lambda: repo.get_contents("README.md").decoded_content)
call("get_contents(folder)", lambda: repo.get_contents(""))
made = call("create_file", lambda: repo.create_file("a.txt", "make a", "one\n"))
call("update_file", lambda: repo.update_file("a.txt", "change a", "two\n", made["content"].sha))
call("delete_file", lambda: repo.delete_file("a.txt", "delete a", repo.get_contents("a.txt").sha))
call("get_commits", lambda: [one.sha for one in repo.get_commits()])
call("get_commit", lambda: repo.get_commit("main").commit.message)
call("get_branches", lambda: [one.name for one in repo.get_branches()])
main = call("get_branch", lambda: repo.get_branch("main"))
call("get_tags", lambda: list(repo.get_tags()))
first = list(repo.get_commits())[-1].sha
blob = call("create_git_blob", lambda: repo.create_git_blob("aGVsbG8=", "base64"))
call("get_git_blob", lambda: repo.get_git_blob(blob.sha).content)
tree = call("create_git_tree", lambda: repo.create_git_tree(
    [InputGitTreeElement(f"many/{i}.txt", "100644", "blob", content=str(i)) for i in range(50)]
    + [InputGitTreeElement("blob.bin", "100644", "blob", sha=blob.sha)],
    repo.get_git_tree("main")))
call("get_git_tree", lambda: repo.get_git_tree(tree.sha, recursive=True).tree)
commit = call("create_git_commit", lambda: repo.create_git_commit("many files", tree, [repo.get_git_commit(main.commit.sha)]))
call("get_git_commit", lambda: repo.get_git_commit(commit.sha).message)
call("create_git_ref", lambda: repo.create_git_ref("refs/heads/many", commit.sha))
call("get_git_ref", lambda: repo.get_git_ref("heads/many").object.sha)
call("get_git_refs", lambda: list(repo.get_git_refs()))
call("get_git_matching_refs", lambda: list(repo.get_git_matching_refs("heads/")))
call("ref.edit", lambda: repo.get_git_ref("heads/many").edit(commit.sha, force=True))
tag = call("create_git_tag", lambda: repo.create_git_tag("v1", "the first", commit.sha, "commit"))
call("create_git_ref(tag)", lambda: repo.create_git_ref("refs/tags/v1", tag.sha))
call("get_git_tag", lambda: repo.get_git_tag(tag.sha).message)
call("compare", lambda: (lambda c: (c.ahead_by, [f.filename for f in c.files]))(repo.compare(first, "many")))
call("get_archive_link", lambda: repo.get_archive_link("tarball", "main"))
call("create_status", lambda: commit.sha and repo.get_commit(commit.sha).create_status("success", context="ci"))
call("get_combined_status", lambda: repo.get_commit(commit.sha).get_combined_status().state)
call("get_statuses", lambda: list(repo.get_commit(commit.sha).get_statuses()))
call("get_pulls", lambda: list(repo.get_pulls()))
call("get_issues", lambda: list(repo.get_issues()))
call("get_forks", lambda: list(repo.get_forks()))
call("commit.get_pulls", lambda: list(repo.get_commit(commit.sha).get_pulls()))
call("get_collaborators", lambda: list(repo.get_collaborators()))
call("add_to_collaborators", lambda: repo.add_to_collaborators("bob", "push"))
call("get_collaborator_permission", lambda: repo.get_collaborator_permission("bob"))
call("has_in_collaborators", lambda: repo.has_in_collaborators("bob"))
call("remove_from_collaborators", lambda: repo.remove_from_collaborators("bob"))
hook = call("create_hook", lambda: repo.create_hook("web", {"url": "https://hooks.example/x", "content_type": "json"}))
call("get_hooks", lambda: list(repo.get_hooks()))
call("hook.edit", lambda: hook.edit("web", {"url": "https://hooks.example/y"}, events=["push"], active=False))
call("hook.delete", lambda: hook.delete())
call("create_key", lambda: repo.create_key("k", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoyQZxw0d0cO0PjLzS0xA2kYy7D3uFf0v9Hkq0bJm1l", True).id)
call("get_keys", lambda: list(repo.get_keys()))
call("edit_protection", lambda: main.edit_protection(enforce_admins=True, allow_force_pushes=False))
call("get_protection", lambda: repo.get_branch("main").get_protection().enforce_admins)
call("remove_protection", lambda: repo.get_branch("main").remove_protection())
call("delete ref", lambda: repo.get_git_ref("heads/many").delete())
call("archive", lambda: repo.edit(archived=True))
call("unarchive", lambda: repo.edit(archived=False))
call("delete", lambda: repo.delete())
print(f"library\t{importlib.metadata.version('PyGithub')}")
