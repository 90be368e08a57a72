using System.Net;
using System.Text;
using System.Text.Json;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>A Keycloak that repeats the secret it was sent: its words are shown, the secret in them is not, however it is written.</summary>
public sealed class RepeatedSecretTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Secret = "m4rk+of/the realm=&é\"<1>";

    /// <summary>How somebody may write a secret that came.</summary>
    public static TheoryData<string, string> Spellings => new()
    {
        { "clear", Secret },
        { "of a form", WebUtility.UrlEncode(Secret) },
        { "of a URL", Uri.EscapeDataString(Secret) },
        { "of a URL in small letters", Uri.EscapeDataString(Secret).Replace("%2B", "%2b", StringComparison.Ordinal).Replace("%2F", "%2f", StringComparison.Ordinal) },
        { "of HTML", WebUtility.HtmlEncode(Secret) },
        { "of JSON", JsonEncodedText.Encode(Secret).ToString() },
        { "in Base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)) },
        { "as a header has it", Convert.ToBase64String(Encoding.UTF8.GetBytes($"siem-forwarder:{Secret}")) },
    };

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task TheWordsAreShownAndTheSecretIsNot(string how, string spelling)
    {
        var forwarder = await running.GetAsync();
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), TestContext.Current.CancellationToken);
        keycloak.Faults.Always = path => path.EndsWith("/token", StringComparison.Ordinal) ? new SimulatedFault.Answer(
            401, "application/json", JsonSerializer.Serialize(new { error = "invalid_request", error_description = $"before {spelling} behind" })) : null;
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = $"repeats it {how}",
            keycloak = new { baseUrl = keycloak.BaseUrl, realm = keycloak.Realm.Name, clientId = "siem-forwarder", clientSecret = Secret, pollIntervalSeconds = 1 },
        });

        var status = await forwarder.WaitForAsync($"/api/v1/sources/{source["id"]}/status", node => node.ToJsonString().Contains("behind", StringComparison.Ordinal));
        var check = await forwarder.PostAsync($"/api/v1/sources/{source["id"]}/check");

        Assert.All([status, check], shown =>
        {
            Assert.Contains("before *** behind", shown.ToJsonString(), StringComparison.Ordinal);
            Assert.DoesNotContain("m4rk", shown.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        });
    }
}
