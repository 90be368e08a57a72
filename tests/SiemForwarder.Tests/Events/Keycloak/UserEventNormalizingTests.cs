using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>Login events become the normalized record with the traps of Keycloak's versions resolved.</summary>
public sealed class UserEventNormalizingTests
{
    [Fact]
    public void ALoginCarriesEverythingThatKeycloakSent()
    {
        const string Json = """
            {"id":"20902e71-de53-44b5-9dc6-31ef9b9ecf0b","time":1795219303960,"type":"LOGIN","realmId":"r1","clientId":"web-app","userId":"u1",
             "sessionId":"CdNmUoWzplK_qtv99A5PPOZZ","ipAddress":"127.0.0.1","details":{"code_id":"c1","username":"alice","redirect_uri":"http://127.0.0.1/cb"}}
            """;

        var login = Some.Normalized(EventStream.User, Json);

        Assert.Equal("20902e71-de53-44b5-9dc6-31ef9b9ecf0b", login.Id);
        Assert.Equal(("LOGIN", "User login", EventKind.User), (login.Type, login.Description.Name, login.Kind));
        Assert.Equal(1795219303960, login.OccurredAt.ToUnixTimeMilliseconds());
        Assert.Equal((EventOutcome.Success, 1), (login.Outcome, login.Severity));
        Assert.Equal(new EventParty("u1", "alice", null, "acme", "web-app"), login.Actor);
        Assert.Same(login.Actor, login.Subject);
        Assert.Equal(("web-app", "CdNmUoWzplK_qtv99A5PPOZZ", "c1", "127.0.0.1", "r1"),
            (login.ClientId, login.SessionId, login.TransactionId, login.IpAddress, login.RealmId));
        Assert.Equal(["code_id", "username", "redirect_uri"], login.Details.Select(detail => detail.Key));
        Assert.Equal(Json, System.Text.Encoding.UTF8.GetString(login.Raw.Span));
    }

    [Fact]
    public void AFailedLoginHasItsReason()
    {
        var login = Some.Normalized(EventStream.User, """{"type":"LOGIN_ERROR","error":"invalid_user_credentials","userId":"u1"}""");

        Assert.Equal((EventOutcome.Failure, 4, "invalid_user_credentials"), (login.Outcome, login.Severity, login.Reason));
        Assert.Equal(1762164930123, login.OccurredAt.ToUnixTimeMilliseconds());
    }

    [Theory]
    [InlineData("user_temporarily_disabled", 6)]
    [InlineData("user_disabled", 5)]
    [InlineData("invalid_client_credentials", 5)]
    [InlineData("different_user_authenticated", 6)]
    [InlineData("invalid_signature", 7)]
    [InlineData("anything_else", 4)]
    public void SomeErrorsHaveASeverityOfTheirOwn(string error, int severity) =>
        Assert.Equal(severity, Some.Normalized(EventStream.User, $$"""{"type":"LOGIN_ERROR","error":"{{error}}"}""").Severity);

    [Fact]
    public void TheActorOfAnImpersonationIsTheImpersonator()
    {
        var impersonation = Some.Normalized(
            EventStream.User, """{"type":"IMPERSONATE","userId":"u1","details":{"impersonator_realm":"master","impersonator":"admin"}}""");

        Assert.Equal(new EventParty(null, "admin", null, "master", null), impersonation.Actor);
        Assert.Equal("u1", impersonation.Subject?.Id);
        Assert.Equal(8, impersonation.Severity);
    }

    [Fact]
    public void AFailedRefreshNamesItsUserByTheSubjectOfTheToken()
    {
        var refresh = Some.Normalized(EventStream.User, """{"type":"REFRESH_TOKEN_ERROR","error":"invalid_token","details":{"refresh_token_sub":"u9"}}""");

        Assert.Equal("u9", refresh.Actor?.Id);
    }

    [Theory]
    [InlineData("""{"type":"CLIENT_LOGIN","clientId":"c","userId":"u","details":{"username":"service-account-c"}}""", true)]
    [InlineData("""{"type":"CLIENT_LOGIN_ERROR","clientId":"c","error":"invalid_client_credentials"}""", true)]
    [InlineData("""{"type":"USER_INFO_REQUEST","userId":"u","details":{"username":"service-account-c"}}""", true)]
    [InlineData("""{"type":"LOGIN","userId":"u","details":{"username":"alice"}}""", false)]
    public void ServiceAccountsAreTold(string json, bool isServiceAccount) =>
        Assert.Equal(isServiceAccount, Some.Normalized(EventStream.User, json).Actor?.IsServiceAccount);

    [Theory]
    [InlineData("UPDATE_CREDENTIAL", "password", 3001, 3, "Password change")]
    [InlineData("UPDATE_CREDENTIAL", "otp", 3001, 10, "MFA enrolment")]
    [InlineData("REMOVE_CREDENTIAL", "webauthn", 3001, 11, "MFA removal")]
    [InlineData("REMOVE_CREDENTIAL", "password", 3001, 3, "Password removal")]
    [InlineData("UPDATE_CREDENTIAL", "new-kind", 3001, 10, "Credential update")]
    public void TheCredentialTypeTellsPasswordsFromSecondFactors(string type, string credentialType, int ocsfClass, int activity, string name)
    {
        var update = Some.Normalized(EventStream.User, $$$"""{"type":"{{{type}}}","details":{"credential_type":"{{{credentialType}}}"}}""");

        Assert.Equal((ocsfClass, activity), (update.Description.Classification.Ocsf18.ClassUid, update.Description.Classification.Ocsf18.ActivityId));
        Assert.Equal((type, name), (update.Type, update.Description.Name));
    }

    [Theory]
    [InlineData("recorded-26.7.4", "UPDATE_PASSWORD,UPDATE_PASSWORD_ERROR,UPDATE_TOTP,REMOVE_TOTP")]
    [InlineData("recorded-24.0.5", "")]
    public void OnlyServersThatSendTwinsHaveDeprecatedDuplicates(string recording, string expected)
    {
        var marked = RecordedEvents.Normalized(recording).Where(securityEvent => securityEvent.IsDeprecatedDuplicate).Select(securityEvent => securityEvent.Type);

        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(), marked.Distinct().Order());
    }

    [Fact]
    public void AnUnknownTypePassesUnderItsName()
    {
        var unknown = Some.Normalized(EventStream.User, """{"type":"QUANTUM_LOGIN","details":{"new_key":"new value"}}""");

        Assert.Equal(("QUANTUM_LOGIN", "Quantum login", 3, false), (unknown.Type, unknown.Description.Name, unknown.Severity, unknown.Description.IsKnown));
        Assert.Equal("new value", unknown.Details[0].Value);
    }

    [Fact]
    public void AnEventWithoutIdIsNamedByItsKey()
    {
        var login = Some.Normalized(EventStream.User, """{"type":"LOGIN"}""");

        Assert.Equal(EventKey.FromHash("""{"type":"LOGIN"}"""u8).ToString(), login.Id);
    }

    [Fact]
    public void NamesThatRepeatAreOneString()
    {
        var first = Some.Normalized(EventStream.User, """{"type":"LOGIN","clientId":"web-app","details":{"username":"alice"}}""");
        var second = Some.Normalized(EventStream.User, """{"type":"LOGIN","clientId":"web-app","details":{"username":"alice"}}""");

        Assert.Same(first.ClientId, second.ClientId);
        Assert.Same(first.Details[0].Key, second.Details[0].Key);
    }
}
