using Microsoft.Extensions.Configuration;
using SiemForwarder.Service.Access.Realms;

namespace SiemForwarder.Tests.Service.Access.Realms;

/// <summary>Settings of the realm: what is wrong stops the start and is named.</summary>
public sealed class OidcOptionsTests
{
    [Theory]
    [InlineData("ClientId=a", "Forwarder:Access:Oidc:Authority")]
    [InlineData("Authority=sso.example.com", "Forwarder:Access:Oidc:Authority")]
    [InlineData("Authority=http://sso.example.com/realms/a;Audience=a", "Forwarder:Access:Oidc:RequireHttps")]
    [InlineData("Authority=https://sso.example.com/realms/a", "Forwarder:Access:Oidc:Audience")]
    [InlineData("Authority=https://sso.example.com/realms/a;ClientId=a", "Forwarder:Access:Oidc:ClientSecret")]
    [InlineData("Authority=https://sso.example.com/realms/a;ClientId=a;ClientSecretFile=/nowhere", "Forwarder:Access:Oidc:ClientSecretFile")]
    [InlineData("Authority=https://sso.example.com/realms/a;Audience=a;Introspection=true", "Forwarder:Access:Oidc:ClientId")]
    [InlineData("Authority=https://sso.example.com/realms/a;Audience=a;IntrospectionCache=01:00:00", "Forwarder:Access:Oidc:IntrospectionCache")]
    [InlineData("Authority=https://sso.example.com/realms/a;Audience=a;SessionLifetime=30.00:00:00", "Forwarder:Access:Oidc:SessionLifetime")]
    [InlineData("Authority=https://sso.example.com/realms/a;Audience=a;Roles:root:0=b", "Forwarder:Access:Oidc:Roles:root")]
    public void AWrongSettingIsNamed(string settings, string name)
    {
        var result = new OidcOptionsRules().Validate(null, Read(settings));

        Assert.True(result.Failed);
        Assert.Contains(name, result.FailureMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Authority=https://sso.example.com/realms/a;Audience=a")]
    [InlineData("Authority=http://127.0.0.1:8081/realms/a;Audience=a;RequireHttps=false")]
    [InlineData("Authority=https://sso.example.com/realms/a;ClientId=a;ClientSecret=b;Introspection=true;Roles:siem-admin:0=soc")]
    public void RightSettingsPass(string settings) => Assert.True(new OidcOptionsRules().Validate(null, Read(settings)).Succeeded);

    [Fact]
    public void TheSecretIsReadAndNotPrinted()
    {
        var options = Read("Authority=https://sso.example.com/realms/a;ClientId=a;ClientSecret=b");

        Assert.Equal(("b", "***"), (options.ReadClientSecret()!.Reveal(), $"{options.ClientSecret}"));
    }

    private static OidcOptions Read(string settings) => OidcOptions.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => KeyValuePair.Create($"Forwarder:Access:Oidc:{one.Split('=')[0]}", (string?)one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..]))).Build());
}
