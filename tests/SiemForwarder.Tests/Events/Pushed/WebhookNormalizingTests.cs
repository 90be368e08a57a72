using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Pushed;

/// <summary>An event that a webhook plug-in pushed becomes what it becomes when it is pulled.</summary>
public sealed class WebhookNormalizingTests
{
    public static TheoryData<string> Recordings() => [.. RecordedEvents.Names];

    [Theory]
    [MemberData(nameof(Recordings))]
    public void APhaseTwoPayloadBecomesTheEventThatIsPulled(string recording)
    {
        foreach (var (stream, json) in Complete(recording))
        {
            var (pulled, pushed) = (Native(stream, json, json), Native(EventStream.Pushed, WebhookPayloads.PhaseTwo(stream, json, Some.Source.Realm), json));
            if (ActsFromMaster(json))
            {
                // The plug-in tells the name where the API tells the id.
                Assert.Equal("master", (string?)pushed["requestor_realm"]);
                pulled["requestor_realm"] = "master";
            }

            Assert.Equal(pulled.ToJsonString(), pushed.ToJsonString());
        }
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void AVymaloPayloadBecomesTheEventThatIsPulledAsFarAsItTells(string recording)
    {
        foreach (var (stream, json) in Complete(recording))
        {
            var (pulled, pushed) = (Native(stream, json, json), Native(EventStream.Pushed, WebhookPayloads.Vymalo(stream, json, Some.Source.Realm), json));
            if (stream == EventStream.Admin)
            {
                // Which credential was removed stands in the details, which the plug-in leaves out.
                var isCredential = pulled["context"]?["credential_type"] is not null;
                foreach (var untold in new[] { "context", "requestor_realm", "subject" }.Concat(isCredential ? ["name", "signature_id"] : []))
                {
                    pulled.Remove(untold);
                    pushed.Remove(untold);
                }
            }

            Assert.Equal(pulled.ToJsonString(), pushed.ToJsonString());
        }
    }

    [Fact]
    public void WhatThePlugInLookedUpIsKept()
    {
        const string Login = """
            {"uid":"x","id":"7d4f6a1c-1b70-4b2b-8d5e-0d8a6f1c2b3e","type":"access.LOGOUT","time":1762164930123,"realmId":"r","realmName":"acme",
             "authDetails":{"realmId":"acme","clientId":"app","userId":"u1","username":"alice","ipAddress":"192.0.2.1","sessionId":"s1"},"details":{}}
            """;
        const string Admin = """
            {"uid":"y","type":"admin.USER-UPDATE","time":1762164930123,"realmId":"r","realmName":"acme","operationType":"UPDATE","resourceType":"USER",
             "resourcePath":"users/u2","authDetails":{"realmId":"acme","clientId":"c","userId":"a1","username":"root","sessionId":"s2"},
             "details":{"userId":"u2","username":"bob"},"representation":"{\"secret\":\"S3CRET\"}"}
            """;

        var (login, admin) = (Some.Normalized(EventStream.Pushed, Login), Some.Normalized(EventStream.Pushed, Admin));

        Assert.Equal((EventKind.User, "LOGOUT", "alice", "u1", "s1"), (login.Kind, login.Type, login.Subject!.Name, login.Subject.Id, login.SessionId));
        Assert.Equal((EventKind.Admin, "UPDATE-USER", "root", "bob", "u2"), (admin.Kind, admin.Type, admin.Actor!.Name, admin.Subject!.Name, admin.Subject.Id));
        Assert.Equal(["username"], admin.Details.Select(detail => detail.Key));
        Assert.DoesNotContain("S3CRET", admin.Admin!.Representation, StringComparison.Ordinal);
        Assert.All(FormatSettings.Names, name => Assert.DoesNotContain("S3CRET", FormatSettings.Text(FormatSettings.Write(name, admin)), StringComparison.Ordinal));
    }

    [Fact]
    public void AnEventThatAnApplicationPublishedKeepsItsName()
    {
        const string Json = """
            {"uid":"x","id":"i-1","type":"system.backup_done","time":1762164930123,"realmId":"r","realmName":"acme","error":"disk_full",
             "authDetails":{"realmId":"acme","clientId":"app","userId":"u1","username":"alice","ipAddress":"192.0.2.1"},"details":{"size":"7"}}
            """;

        var published = Some.Normalized(EventStream.Pushed, Json);

        Assert.Equal((EventKind.Application, "system.backup_done", "i-1", "alice", "u1"), (published.Kind, published.Type, published.Id, published.Actor!.Name, published.Actor.Id));
        Assert.Equal((EventOutcome.Failure, "disk_full", "192.0.2.1", "app"), (published.Outcome, published.Reason, published.IpAddress, published.ClientId));
        Assert.Equal([new("size", "7")], published.Details);
    }

    [Theory]
    [InlineData("""{"event_type":"account.provisioned","type":"access.LOGIN"}""", PushedShape.Native, "account.provisioned")]
    [InlineData("""{"type":"access.LOGIN"}""", PushedShape.UserWebhook, "LOGIN")]
    [InlineData("""{"type":"LOGIN_ERROR"}""", PushedShape.UserWebhook, "LOGIN_ERROR")]
    [InlineData("""{"type":"BRAND_NEW","realmId":"r"}""", PushedShape.UserWebhook, "BRAND_NEW")]
    [InlineData("""{"type":"admin.USER-CREATE"}""", PushedShape.AdminWebhook, "CREATE-USER")]
    [InlineData("""{"type":"REALM_ROLE_MAPPING-DELETE"}""", PushedShape.AdminWebhook, "DELETE-REALM_ROLE_MAPPING")]
    [InlineData("""{"operationType":"UPDATE","resourceType":"MyType-X"}""", PushedShape.AdminWebhook, "UPDATE-MyType-X")]
    [InlineData("""{"type":"admin.MyType-X-CREATE"}""", PushedShape.AdminWebhook, "CREATE-MyType-X")]
    [InlineData("""{"type":"system.reload"}""", PushedShape.ApplicationWebhook, "system.reload")]
    [InlineData("""{"type":"order-placed"}""", PushedShape.ApplicationWebhook, "order-placed")]
    [InlineData("""{"type":"access."}""", PushedShape.UserWebhook, null)]
    [InlineData("""{"event_type":""}""", PushedShape.ApplicationWebhook, null)]
    [InlineData("{}", PushedShape.ApplicationWebhook, null)]
    public void TheShapeIsToldFromTheEvent(string json, PushedShape shape, string? type)
    {
        var outline = PushedOutline.Read(Encoding.UTF8.GetBytes(json));

        Assert.Equal((shape, type), (outline.Shape, outline.Type));
    }

    [Fact]
    public void OnOlderServersTheContentOfAPushedLoginEventIsThatOfThePulledOne()
    {
        var hash = new KeycloakContentHash();
        var keys = new PushedKeys();
        foreach (var (stream, json) in RecordedEvents.Read("recorded-24.0.5").Where(entry => !ActsFromMaster(entry.Json)))
        {
            var pulled = hash.Compute(json, 0);
            foreach (var payload in stream == EventStream.User
                ? new[] { WebhookPayloads.PhaseTwo(stream, json, "acme"), WebhookPayloads.Vymalo(stream, json, "acme") }
                : [WebhookPayloads.PhaseTwo(stream, json, "acme")])
            {
                var pushed = WithId(payload);
                var outline = PushedOutline.Read(pushed);

                Assert.Equal((pulled, (EventKey?)EventKey.FromId(Encoding.UTF8.GetBytes(outline.Id!))), keys.Of(outline, pushed, isPulledToo: true, pulledByContent: true));
                Assert.Equal((EventKey?)pulled, keys.Of(outline, pushed, isPulledToo: true, pulledByContent: false).Former);
                Assert.Equal(pulled, keys.Of(PushedOutline.Read(payload), payload, isPulledToo: true, pulledByContent: false).Key);
            }
        }
    }

    [Fact]
    public void AKeyThatWasMadeOfTheContentIsTheIdSoThatPushedAndPulledHaveOne()
    {
        var key = EventKey.FromHash("content"u8);
        var pushed = EventNormalizer.Normalize(
            EventStream.Pushed, """{"id":"7d4f6a1c-1b70-4b2b-8d5e-0d8a6f1c2b3e","type":"access.LOGIN","time":1}"""u8.ToArray(), key, Some.Source, 1, 1, Some.ReceivedAt);

        Assert.Equal(key.ToString(), pushed.Id);
    }

    // Servers from 26.2 on show ids; the others get one here, since plug-ins send ids of any server.
    private static IEnumerable<(EventStream Stream, byte[] Json)> Complete(string recording) =>
        RecordedEvents.Read(recording).Where(entry => JsonNode.Parse(entry.Json) is JsonObject shown && (shown["type"] ?? shown["resourceType"]) is not null)
            .Select(entry => (entry.Stream, WithId(entry.Json)));

    private static byte[] WithId(byte[] json)
    {
        var shown = JsonNode.Parse(json)!.AsObject();
        shown["id"] ??= Guid.NewGuid().ToString("D");
        return Encoding.UTF8.GetBytes(shown.ToJsonString());
    }

    private static bool ActsFromMaster(byte[] json)
    {
        var shown = JsonNode.Parse(json)!;
        return shown["authDetails"]?["realmId"] is { } realm && (string?)realm != (string?)shown["realmId"];
    }

    private static JsonObject Native(EventStream stream, byte[] json, byte[] shown)
    {
        var id = JsonDocument.Parse(shown).RootElement.GetProperty("id").GetString()!;
        var normalized = EventNormalizer.Normalize(
            stream, json, EventKey.FromId(Encoding.UTF8.GetBytes(id)), Some.Source, 1, 1762164930123, Some.ReceivedAt);
        var settings = new OutputSettings(OutputType.Json, "native", null, int.MaxValue) { IncludeRepresentation = true };
        return JsonNode.Parse(FormatSettings.Text(FormatSettings.Write(EventFormatCatalog.Create(settings, "1.0.0"), normalized)))!.AsObject();
    }
}
