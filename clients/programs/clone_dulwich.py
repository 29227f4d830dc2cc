"""Clones with dulwich: URL USERNAME PASSWORD FOLDER."""
import sys

from dulwich import porcelain

url, username, password, folder = sys.argv[1:]
try:
    porcelain.clone(url, folder, username=username, password=password)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
