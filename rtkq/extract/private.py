"""Which files hold secrets, by their names alone: they are neither read nor named to anybody."""

from __future__ import annotations

import re

_FOLDERS = re.compile(r"(?:^|/)\.(?:ssh|gnupg|aws|azure|kube)/")
_NAMES = re.compile(
    r"""
      \.env(?:rc|\..*)? | .*\.env | [._]netrc | \.npmrc | \.pypirc | \.pgpass | \.htpasswd
    | \.git-credentials | \.dockercfg | \.vault_pass.*
    | id_(?:rsa|dsa|ecdsa|ed25519).*
    | .*\.(?:pem|key|p8|p12|pfx|ppk|jks|keystore|keytab|kdbx|gpg|asc|ovpn)
    | .*\.(?:tfvars|tfvars\.json|tfstate|tfstate\.backup)
    | (?:credentials|secrets?|service[-_]account)
      (?:[^.]* | .*\.(?:json|ya?ml|toml|ini|cfg|conf|txt|xml|properties|env))
    """,
    re.VERBOSE,
)


def is_private(path: str) -> bool:
    """Tell whether the file at *path* holds secrets, as far as its name says.

    Args:
        path: Path relative to the project, with "/" between its parts.
    """
    name = path.rpartition("/")[2].lower()
    return bool(_NAMES.fullmatch(name) or _FOLDERS.search(path))
