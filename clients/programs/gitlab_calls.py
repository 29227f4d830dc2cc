"""What python-gitlab does with a project: `read`, `write`, or `number`, which names it by its number."""

import sys

import gitlab

url, token, what = sys.argv[1:]
api = gitlab.Gitlab(url, private_token=token or None)
project = api.projects.get("acme/site", lazy=True)
if what == "number":
    api.projects.get(1)
elif what == "write":
    commit = {"branch": "main", "commit_message": "one", "content": "hello"}
    project.files.create({"file_path": "src/a file.txt", **commit})
    project.branches.create({"branch": "topic/x", "ref": "main"})
    project.branches.delete("topic/x")
else:
    assert api.projects.get("acme/site").path_with_namespace == "acme/site"
    assert [each.name for each in project.branches.list(iterator=True)] == ["main"]
    assert project.files.get("src/a file.txt", ref="main").decode() == b"hello"
    assert project.files.raw("src/a file.txt", ref="main") == b"hello"
    assert project.commits.list(get_all=True)[0].title == "one"
    assert project.repository_tree("src")[0]["name"] == "a file.txt"
    assert project.tags.list(get_all=True) == []
