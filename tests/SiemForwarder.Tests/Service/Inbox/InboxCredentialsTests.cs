using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Inbox;

/// <summary>Who may push: keys, Standard Webhooks, and the signature of Phase Two's plug-in.</summary>
public sealed class InboxCredentialsTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";
    private const string OtherKey = "fedcba9876543210fedcba9876543210";
    private const string Body = """{"uid":"x","type":"access.LOGIN","details":{"username":"zoë"}}""";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);

    [Theory]
    [InlineData("X-API-Key", Key)]
    [InlineData("x-api-key", Key)]
    [InlineData("X-API-Key", OtherKey)]
    [InlineData("Authorization", "Bearer " + Key)]
    [InlineData("Authorization", "bearer " + OtherKey)]
    [InlineData("Authorization", "Basic YW55Ym9keTowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==")]
    public void AKeyCountsInAnyPlaceWhereSendersPutIt(string header, string value) =>
        Assert.Null(InboxCredentials.RefuseKey(SomeInbox.With(InboxAuthentication.Key, Key, OtherKey), SomeInbox.Headers((header, value))));

    [Theory]
    [InlineData("X-API-Key", "")]
    [InlineData("X-API-Key", "0123456789abcdef0123456789abcdeF")]
    [InlineData("X-API-Key", "0123456789abcdef0123456789abcde")]
    [InlineData("X-API-Key", "0123456789abcdef0123456789abcdef0")]
    [InlineData("X-Other", Key)]
    [InlineData("Authorization", Key)]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Basic not base64")]
    [InlineData("Authorization", "Basic YQ==")]
    public void AnythingElseDoesNotAndTheAnswerDoesNotTellTheKey(string header, string value)
    {
        var refusal = InboxCredentials.RefuseKey(SomeInbox.With(InboxAuthentication.Key, Key), SomeInbox.Headers((header, value)));

        Assert.NotNull(refusal);
        Assert.DoesNotContain(Key, refusal, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AnInboxWithoutKeysTakesNothing() =>
        Assert.NotNull(InboxCredentials.RefuseKey(SomeInbox.With(InboxAuthentication.Key), SomeInbox.Headers(("X-API-Key", ""))));

    [Fact]
    public void TheVectorOfStandardWebhooksCounts()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "webhook", "standard_webhooks_vectors.json")));
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var inbox = SomeInbox.With(InboxAuthentication.StandardWebhooks, NewSecret(), vector.GetProperty("secret").GetString()!);
            var headers = SomeInbox.Headers(
                ("webhook-id", vector.GetProperty("id").GetString()!), ("webhook-timestamp", vector.GetProperty("timestamp").ToString()),
                ("webhook-signature", vector.GetProperty("signature").GetString()!));
            var at = DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("timestamp").GetInt64());

            Assert.Null(InboxCredentials.RefuseSignature(inbox, headers, Encoding.UTF8.GetBytes(vector.GetProperty("payload").GetString()!), at));
        }
    }

    [Fact]
    public void AStandardWebhookCountsWithinItsWindowAndForItsBodyAlone()
    {
        var secret = NewSecret();
        var inbox = SomeInbox.With(InboxAuthentication.StandardWebhooks, secret);
        string? Refuse(DateTimeOffset at, string body, string id = "msg_1", string? signature = null) => InboxCredentials.RefuseSignature(
            inbox, SomeInbox.Headers(("webhook-id", id), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature ?? Sign(secret, "msg_1", Body))), Encoding.UTF8.GetBytes(body), at);

        Assert.Null(Refuse(Now, Body));
        Assert.Null(Refuse(Now.AddSeconds(300), Body));
        Assert.Null(Refuse(Now.AddSeconds(-300), Body));
        Assert.Null(Refuse(Now, Body, signature: "v1a,AAAA v1,AAAA " + Sign(secret, "msg_1", Body)));
        Assert.Contains("clock", Refuse(Now.AddSeconds(301), Body), StringComparison.Ordinal);
        Assert.Contains("clock", Refuse(Now.AddSeconds(-301), Body), StringComparison.Ordinal);
        Assert.NotNull(Refuse(Now, Body + " "));
        Assert.NotNull(Refuse(Now, Body, id: "msg_2"));
        Assert.NotNull(Refuse(Now, Body, signature: Sign(NewSecret(), "msg_1", Body)));
        Assert.NotNull(Refuse(Now, Body, signature: string.Join(' ', Enumerable.Repeat("v1,AAAA", 8)) + " " + Sign(secret, "msg_1", Body)));
        Assert.NotNull(InboxCredentials.RefuseSignature(inbox, SomeInbox.Headers(("webhook-id", "a"), ("webhook-timestamp", "soon"), ("webhook-signature", "v1,")), default, Now));
        Assert.NotNull(InboxCredentials.RefuseSignature(inbox, SomeInbox.Headers(), default, Now));
    }

    [Fact]
    public void TheSignatureOfPhaseTwoIsTheLowerCaseHexadecimalHmacOfTheBody()
    {
        // printf %s '{"uid":"x","type":"access.LOGIN","details":{"username":"zoë"}}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        const string Signature = "9e8640e867e8a36a500e9469152cb24b85a6b14768d18b08f032794747d2f1e4";
        var inbox = SomeInbox.With(InboxAuthentication.Hmac, OtherKey, Key);
        string? Refuse(string signature, string body = Body) =>
            InboxCredentials.RefuseSignature(inbox, SomeInbox.Headers(("X-Keycloak-Signature", signature)), Encoding.UTF8.GetBytes(body), Now);

        Assert.Null(Refuse(Signature));
        Assert.Null(Refuse("sha256=" + Signature));
        Assert.Null(Refuse(Signature.ToUpperInvariant()));
        Assert.NotNull(Refuse(Signature, Body + "\n"));
        Assert.NotNull(Refuse(Signature[..^1]));
        Assert.NotNull(Refuse(Signature + "00"));
        Assert.NotNull(Refuse("not hexadecimal"));
        Assert.NotNull(Refuse(""));
    }

    [Fact]
    public void Sha1CountsOnlyWhereTheSourceSaysSo()
    {
        // The same by -sha1.
        const string Signature = "b12acd04e72701d7a743ef4ade828f8c5a7d1103";
        var inbox = SomeInbox.With(InboxAuthentication.Hmac, Key);
        var headers = SomeInbox.Headers(("X-Keycloak-Signature", Signature));

        Assert.Contains("allowSha1", InboxCredentials.RefuseSignature(inbox, headers, Encoding.UTF8.GetBytes(Body), Now), StringComparison.Ordinal);
        Assert.Null(InboxCredentials.RefuseSignature(inbox with { AllowSha1 = true }, headers, Encoding.UTF8.GetBytes(Body), Now));
        Assert.NotNull(InboxCredentials.RefuseSignature(inbox with { AllowSha1 = true }, headers, Encoding.UTF8.GetBytes(Body + " "), Now));
    }

    private static string NewSecret() => "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static string Sign(string secret, string id, string body) => "v1," + Convert.ToBase64String(
        HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.1614265330.{body}")));
}
