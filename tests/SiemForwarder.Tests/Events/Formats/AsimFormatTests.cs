using System.Text.Json;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>ASIM events have what their schema requires, no field that it does not know, and only its values.</summary>
public sealed class AsimFormatTests
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1024)]
    public void EveryEventMeetsItsSchema(int maxBytes)
    {
        var schemas = new[] { "authentication", "audit_event", "user_management" }
            .Select(name => RepositoryFiles.Shared("conformance", "asim", name + ".json"))
            .Append(Path.Combine(RepositoryFiles.Root, "tests", "SiemForwarder.Tests", "Fixtures", "asim-alert-event.json"))
            .Select(path => JsonDocument.Parse(File.ReadAllText(path)).RootElement)
            .ToDictionary(schema => schema.GetProperty("fields").GetProperty("EventSchema").GetProperty("value").GetString()!);
        foreach (var securityEvent in CatalogueEvents.All())
        {
            using var document = JsonDocument.Parse(FormatSettings.Write("asim", securityEvent, maxBytes));
            var root = document.RootElement;
            var fields = schemas[root.GetProperty("EventSchema").GetString()!].GetProperty("fields");
            Assert.All(fields.EnumerateObject().Where(field => field.Value.GetProperty("class").GetString() == "Mandatory"), field => Assert.True(root.TryGetProperty(field.Name, out _), field.Name));
            foreach (var member in root.EnumerateObject().Where(member => member.Name != "TimeGenerated"))
            {
                Assert.True(fields.TryGetProperty(member.Name, out var field), $"{member.Name} of {securityEvent.Type}");
                if (field.TryGetProperty("value", out var value))
                {
                    Assert.Equal(value.GetString(), member.Value.GetString());
                }

                // Some of the values carry their explanation.
                // UpdatedPropertyName may be any property; what is listed are the names of its values.
                if (member.Name != "UpdatedPropertyName" && field.TryGetProperty("allowed_values", out var allowed))
                {
                    Assert.Contains(allowed.EnumerateArray(), one => one.GetString()!.Split(':', '.')[0] == member.Value.GetString());
                }
            }

            Assert.Contains(root.GetProperty("EventResult").GetString(), (string?[])["Success", "Failure", "NA"]);
            Assert.Equal(securityEvent.Id, root.GetProperty("EventUid").GetString());
        }
    }

    [Fact]
    public void AnAlertIsAnAlertEventWithItsRuleTechniquesUserAndAddress()
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("asim", CatalogueEvents.Detections().First()));
        var root = document.RootElement;

        Assert.Equal(("AlertEvent", "0.1", "Alert"), (Text("EventSchema"), Text("EventSchemaVersion"), Text("EventType")));
        Assert.Equal(("Password spraying", "One address tries many users.", "High", "high"), (Text("AlertName"), Text("RuleDescription"), Text("EventSeverity"), Text("EventOriginalSeverity")));
        Assert.Equal(("Credential Access", "T1110, T1110.003"), (Text("AttackTactics"), Text("AttackTechniques")));
        Assert.Equal(("alice", "u1", "s1", "2001:db8::7", "User"), (Text("Username"), Text("UserId"), Text("UserSessionId"), Text("DvcIpAddr"), Text("IndicatorType")));
        Assert.Equal(("2025-11-03T10:05:30.123Z", "2025-11-03T10:15:30.123Z"), (Text("EventStartTime"), Text("EventEndTime")));
        Assert.Equal("2001:db8::7", root.GetProperty("AdditionalFields").GetProperty("details").GetProperty("group_ip").GetString());
        Assert.Equal(80, root.GetProperty("ThreatRiskLevel").GetInt32());

        string? Text(string name) => root.GetProperty(name).GetString();
    }

    [Fact]
    public void AnAlertOfAnAddressAloneSaysSo()
    {
        var alert = CatalogueEvents.Detections().First() with { Subject = null, Actor = null };
        using var document = JsonDocument.Parse(FormatSettings.Write("asim", alert));

        Assert.Equal("Ip", document.RootElement.GetProperty("IndicatorType").GetString());
        Assert.False(document.RootElement.TryGetProperty("Username", out _));
    }

    [Theory]
    [InlineData("user_not_found", "No such user")]
    [InlineData("invalid_user_credentials", "Incorrect password")]
    [InlineData("invalid_client_credentials", "Incorrect key")]
    [InlineData("client_not_found", "No such user")]
    [InlineData("client_disabled", "User disabled")]
    [InlineData("user_temporarily_disabled", "User locked")]
    [InlineData("something_else", "Other")]
    public void TheReasonIsTranslatedAndKept(string reason, string expected)
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("asim", Some.LoginEvent(error: reason)));

        Assert.Equal(expected, document.RootElement.GetProperty("EventResultDetails").GetString());
        Assert.Equal(reason, document.RootElement.GetProperty("EventOriginalResultDetails").GetString());
        Assert.Equal("192.0.2.10", document.RootElement.GetProperty("SrcIpAddr").GetString());
    }
}
