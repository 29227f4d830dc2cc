"""python-gitlab against this server, call by call: one line each, `ok` or what went wrong. Arguments: URL, token."""
import sys

import gitlab

url, token = sys.argv[1:3]
lab = gitlab.Gitlab(url, private_token=token, retry_transient_errors=False)


def call(name, act):
    try:
        result = act()
        print(f"{name}\tok", flush=True)
        return result
    except Exception as error:  # every kind of failure is a line of the table
        print(f"{name}\t{type(error).__name__}: {str(error)[:200]}", flush=True)
        return None


call("auth", lambda: lab.auth())
call("version", lambda: lab.version())
call("users.list", lambda: lab.users.list(get_all=True))
call("users.list(username)", lambda: lab.users.list(username="ada"))
call("users.get", lambda: lab.users.get(lab.user.id).username)
call("user.keys.list", lambda: lab.user.keys.list())
call("groups.list", lambda: lab.groups.list(get_all=True))
call("groups.list(owned)", lambda: lab.groups.list(owned=True, get_all=True))
group = call("groups.get", lambda: lab.groups.get("acme"))
call("group.projects.list", lambda: group.projects.list(get_all=True))
call("group.members.list", lambda: group.members.list(get_all=True))
call("group.members_all.list", lambda: group.members_all.list(get_all=True))
call("group.members.get", lambda: group.members.get(lab.user.id).access_level)
call("namespaces.list", lambda: lab.namespaces.list(get_all=True))
call("namespaces.get", lambda: lab.namespaces.get("acme").kind)
call("projects.list", lambda: lab.projects.list(get_all=True))
call("projects.list(search)", lambda: lab.projects.list(search="site", owned=True, get_all=True))
call("search", lambda: lab.search("projects", "site"))
call("search(users)", lambda: lab.search("users", "ada"))
project = call("projects.get", lambda: lab.projects.get("ada/site"))
call("projects.get(id)", lambda: lab.projects.get(project.id).path_with_namespace)
call("project.members.list", lambda: project.members.list(get_all=True))
call("project.members_all.list", lambda: project.members_all.list(get_all=True))
call("project.members.get", lambda: project.members.get(lab.user.id).access_level)
file = call("files.create", lambda: project.files.create(
    {"file_path": "a.txt", "branch": "main", "content": "one\n", "commit_message": "make a"}))
call("files.get", lambda: project.files.get("a.txt", "main").decode())
call("files.raw", lambda: project.files.raw("a.txt", ref="main"))
call("file.save", lambda: (setattr(file, "content", "two\n"), file.save(branch="main", commit_message="change a")))
call("files.delete", lambda: project.files.delete(file_path="a.txt", commit_message="delete a", branch="main"))
commit = call("commits.create", lambda: project.commits.create({
    "branch": "main", "commit_message": "many", "actions": [
        {"action": "create", "file_path": f"many/{i}.txt", "content": str(i)} for i in range(50)]}))
call("commits.list", lambda: project.commits.list(get_all=True))
call("commits.get", lambda: project.commits.get(commit.id).stats)
call("commit.diff", lambda: commit.diff(get_all=True))
call("commit.refs", lambda: commit.refs())
call("commit.statuses.create", lambda: commit.statuses.create({"state": "success", "name": "ci"}))
call("commit.statuses.list", lambda: commit.statuses.list(get_all=True))
call("commit.merge_requests", lambda: commit.merge_requests())
call("repository_tree", lambda: project.repository_tree(recursive=True, get_all=True))
call("repository_compare", lambda: len(project.repository_compare(commit.parent_ids[0], "main")["diffs"]))
call("repository_merge_base", lambda: project.repository_merge_base(["main", commit.parent_ids[0]]))
call("repository_archive", lambda: len(project.repository_archive(sha="main")))
call("repository_archive(zip)", lambda: len(project.repository_archive(format="zip")))
branch = call("branches.create", lambda: project.branches.create({"branch": "side", "ref": "main"}))
call("branches.list", lambda: project.branches.list(get_all=True))
call("branches.get", lambda: project.branches.get("side").commit["id"])
call("branches.delete", lambda: branch.delete())
call("tags.create", lambda: project.tags.create({"tag_name": "v1", "ref": "main", "message": "one"}))
call("tags.list", lambda: project.tags.list(get_all=True))
call("tags.get", lambda: project.tags.get("v1").message)
call("tags.delete", lambda: project.tags.delete("v1"))
call("protectedbranches.create", lambda: project.protectedbranches.create({"name": "main", "push_access_level": 40}))
call("protectedbranches.list", lambda: project.protectedbranches.list(get_all=True))
call("protectedbranches.delete", lambda: project.protectedbranches.delete("main"))
call("protectedtags.create", lambda: project.protectedtags.create({"name": "release/*", "create_access_level": 40}))
call("protectedtags.list", lambda: project.protectedtags.list(get_all=True))
call("mergerequests.list", lambda: project.mergerequests.list(get_all=True))
call("issues.list", lambda: project.issues.list(get_all=True))
call("labels.list", lambda: project.labels.list(get_all=True))
call("milestones.list", lambda: project.milestones.list(get_all=True))
call("forks.list", lambda: project.forks.list(get_all=True))
call("personal_access_tokens.list", lambda: lab.personal_access_tokens.list(get_all=True))
call("personal_access_tokens.get(self)", lambda: lab.personal_access_tokens.get("self").name)
own = call("user.personal_access_tokens.create", lambda: lab.user.personal_access_tokens.create(
    {"name": "own", "scopes": ["k8s_proxy"]}) if hasattr(lab.user, "personal_access_tokens") else True)
access = call("project.access_tokens.create", lambda: project.access_tokens.create(
    {"name": "ci", "scopes": ["read_repository"], "access_level": 30, "expires_at": sys.argv[3]}))
call("project.access_tokens.list", lambda: project.access_tokens.list(get_all=True))
call("access_token.rotate", lambda: access.rotate())
deploy = call("deploytokens.create", lambda: project.deploytokens.create(
    {"name": "d", "scopes": ["read_repository"], "expires_at": sys.argv[3]}))
call("deploytokens.list", lambda: project.deploytokens.list(get_all=True))
call("deploytoken.delete", lambda: deploy.delete())
print(f"library\t{gitlab.__version__}")
