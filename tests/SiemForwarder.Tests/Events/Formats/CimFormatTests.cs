using System.Text.Json;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>CIM events have the fields that Splunk's data models require, with the values that they expect.</summary>
public sealed class CimFormatTests
{
    private static readonly string[] ChangeActions =
    [
        "created", "deleted", "modified", "updated", "acl_modified", "cleared", "lockout", "unlocked", "logoff", "read", "started", "stopped", "restarted",
    ];

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1024)]
    public void EveryEventHasTheFieldsOfItsDataModel(int maxBytes)
    {
        var authentication = Required("Authentication");

        var change = Required("Change");
        foreach (var securityEvent in CatalogueEvents.All())
        {
            using var document = JsonDocument.Parse(FormatSettings.Write("cim", securityEvent, maxBytes));
            var root = document.RootElement;
            var model = securityEvent.Description.Classification.Cim;
            var isChange = model.StartsWith("Change", StringComparison.Ordinal);
            Assert.Equal(securityEvent.Id, root.GetProperty("event_id").GetString());
            Assert.All(model is "none" or "Alerts" ? [] : isChange ? change : authentication, field =>
            {
                Assert.True(root.TryGetProperty(field.Name, out var value), $"{field.Name} of {securityEvent.Type}");
                Assert.True(field.Expected is null || field.Expected.Contains(value.GetString()), $"{field.Name}={value} of {securityEvent.Type}");
            });
            if (isChange)
            {
                Assert.Contains(root.GetProperty("action").GetString(), ChangeActions);
            }
        }
    }

    [Theory]
    [InlineData("LOGIN_ERROR", "invalid_user_credentials", "failure")]
    [InlineData("LOGIN", null, "success")]
    [InlineData("RESTART_AUTHENTICATION", null, "pending")]
    [InlineData("INVALID_SIGNATURE", null, "error")]
    public void AnAuthenticationSaysHowItEnded(string type, string? error, string expected)
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("cim", Some.LoginEvent(type, error: error)));
        var root = document.RootElement;

        Assert.Equal(expected, root.GetProperty("action").GetString());
        Assert.Equal(("web-app", "kc.example.com", "192.0.2.10", "alice"), (Text("app"), Text("dest"), Text("src"), Text("user")));

        string? Text(string name) => root.GetProperty(name).GetString();
    }

    [Fact]
    public void AnAlertHasSeverityTypeAndTechniques()
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("cim", CatalogueEvents.Detections().First()));
        var root = document.RootElement;

        Assert.Equal(("alert", "high"), (root.GetProperty("type").GetString(), root.GetProperty("severity").GetString()));
        Assert.Equal(["T1110", "T1110.003"], root.GetProperty("mitre_technique_id").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal("DETECTION:6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f11", root.GetProperty("signature_id").GetString());
    }

    private static List<(string Name, List<string?>? Expected)> Required(string model)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "splunk-cim", model + ".json")));
        return
        [
            .. document.RootElement.GetProperty("objects")[0].GetProperty("fields").EnumerateArray()
                .Where(field => field.GetProperty("type").GetString() == "required")
                .Select(field => (
                    field.GetProperty("name").GetString()!,
                    field.TryGetProperty("expected_values", out var values) ? values.EnumerateArray().Select(value => value.GetString()).ToList() : null)),
        ];
    }
}
