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
            .Select(name => JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "asim", name + ".json"))).RootElement)
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
