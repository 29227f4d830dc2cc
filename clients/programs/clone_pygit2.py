"""Clones with libgit2: URL USERNAME PASSWORD FOLDER."""
import sys

import pygit2

url, username, password, folder = sys.argv[1:]


class Once(pygit2.RemoteCallbacks):
    asked = False

    def credentials(self, url, username_from_url, allowed_types):
        if self.asked:
            raise RuntimeError("asked for another credential")
        self.asked = True
        return pygit2.UserPass(username, password)


try:
    pygit2.clone_repository(url, folder, callbacks=Once())
except Exception as error:
    sys.exit(str(error))
