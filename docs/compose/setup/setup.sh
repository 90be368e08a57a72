#!/bin/sh
# Tells the forwarder through its REST API what to pull and where to send it.
# What is there already is left as it is, so this may run at every start.
set -eu

api="$FORWARDER_URL/api/v1"
key=$(cat "${ADMIN_KEY_FILE:-/run/secrets/admin-key}")

# A text as a JSON string.
quoted() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# create RESOURCE NAME BODY
create() {
  status=$(curl -sS --retry 10 --retry-connrefused -o /tmp/answer -w '%{http_code}' \
    -H "X-API-Key: $key" -H 'Content-Type: application/json' -d "$3" "$api/$1")
  case $status in
    201) echo "$1: created '$2'" ;;
    409) echo "$1: '$2' is there already, left as it is" ;;
    *)
      echo "$1: '$2' was refused with $status:" >&2
      cat /tmp/answer >&2
      exit 1
      ;;
  esac
}

# First who gets the events: an integration is given what is stored from its creation on.
create integrations "$INTEGRATION_NAME" "{
  \"name\": $(quoted "$INTEGRATION_NAME"),
  \"description\": \"CEF over TCP to the receiver of docker-compose.yml\",
  \"enabled\": true,
  \"serverUrl\": $(quoted "$RECEIVER_URL"),
  \"outputType\": \"CEF\"
}"

# From the first stored event on, so that nothing is missed between Keycloak's start and this call.
create sources "$SOURCE_NAME" "{
  \"name\": $(quoted "$SOURCE_NAME"),
  \"kind\": \"keycloak\",
  \"keycloak\": {
    \"baseUrl\": $(quoted "$KEYCLOAK_URL"),
    \"realm\": $(quoted "$KEYCLOAK_REALM"),
    \"clientId\": $(quoted "$KEYCLOAK_CLIENT_ID"),
    \"clientSecret\": $(quoted "$KEYCLOAK_CLIENT_SECRET"),
    \"pollIntervalSeconds\": 2,
    \"start\": \"everything\"
  }
}"
