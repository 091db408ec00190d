# Sourced. use_trixie FOLDER: from here on apt-get takes Debian trixie's packages, with lists of its own in FOLDER/apt
use_trixie() {
  local mirror key="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  # wherever this machine takes its Debian packages from, trixie is there too
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
    grep -v '^#' | grep -oE '[a-z+]+://[^ ]+' | head -n 1) || true
  [ -n "$mirror" ] || die "no Debian package source in /etc/apt"
  mkdir -p "$1"/apt/partial "$1"/apt/lists/partial "$1"/apt/cache/archives/partial
  printf 'deb %s %s trixie main\ndeb-src %s %s trixie main\n' "$key" "$mirror" "$key" "$mirror" >"$1/apt/sources.list"
  printf 'Dir::Etc::SourceList "%s";\nDir::Etc::SourceParts "-";\nDir::State::Lists "%s";\nDir::Cache "%s";\nAPT::Sandbox::User "";\n' \
    "$1/apt/sources.list" "$1/apt/lists" "$1/apt/cache" >"$1/apt/apt.conf"
  export APT_CONFIG=$1/apt/apt.conf
}
