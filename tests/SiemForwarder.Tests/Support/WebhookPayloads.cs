using System.Text.Json.Nodes;
using SiemForwarder.Events;

namespace SiemForwarder.Tests.Support;

/// <summary>What the webhook plug-ins of Keycloak would have posted for an event that its API shows.</summary>
public static class WebhookPayloads
{
    private const string Master = "master";

    /// <summary>As p2-inc/keycloak-events writes it: type with a prefix, who acted in <c>authDetails</c>, the names of realms, a new <c>uid</c> each time.</summary>
    public static byte[] PhaseTwo(EventStream stream, byte[] json, string realmName)
    {
        var shown = JsonNode.Parse(json)!.AsObject();
        var payload = new JsonObject { ["uid"] = Guid.NewGuid().ToString("D"), ["realmName"] = realmName };
        var actor = new JsonObject { ["realmId"] = realmName };
        if (stream == EventStream.User)
        {
            payload["type"] = "access." + shown["type"];
            Copy(shown, payload, "id", "time", "realmId", "error", "details");
            Copy(shown, actor, "clientId", "userId", "ipAddress", "sessionId");
        }
        else
        {
            payload["type"] = $"admin.{shown["resourceType"]}-{shown["operationType"]}";
            Copy(shown, payload, "id", "time", "realmId", "error", "details", "operationType", "resourceType", "resourcePath", "representation");
            var shownActor = shown["authDetails"]?.AsObject() ?? [];
            Copy(shownActor, actor, "clientId", "userId", "ipAddress");
            actor["realmId"] = (string?)shownActor["realmId"] == (string?)shown["realmId"] ? realmName : Master;
        }

        payload["authDetails"] = actor;
        return Bytes(payload);
    }

    /// <summary>As vymalo/keycloak-webhook writes it: all members side by side, of admin events neither the realm of who acted nor details.</summary>
    public static byte[] Vymalo(EventStream stream, byte[] json, string realmName)
    {
        var shown = JsonNode.Parse(json)!.AsObject();
        var payload = new JsonObject { ["realmName"] = realmName };
        Copy(shown, payload, "id", "time", "realmId", "error", "resourcePath", "representation");
        if (stream == EventStream.User)
        {
            payload["type"] = (string?)shown["type"];
            Copy(shown, payload, "clientId", "userId", "sessionId", "ipAddress", "details");
        }
        else
        {
            payload["type"] = $"{shown["resourceType"]}-{shown["operationType"]}";
            Copy(shown["authDetails"]?.AsObject() ?? [], payload, "clientId", "userId", "ipAddress");
        }

        return Bytes(payload);
    }

    private static void Copy(JsonObject from, JsonObject to, params string[] names)
    {
        foreach (var name in names)
        {
            if (from[name] is { } value)
            {
                to[name] = value.DeepClone();
            }
        }
    }

    private static byte[] Bytes(JsonObject payload) => System.Text.Encoding.UTF8.GetBytes(payload.ToJsonString());
}
