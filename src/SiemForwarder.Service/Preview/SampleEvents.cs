using System.Globalization;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Preview;

/// <summary>Sample events about fictitious people (RFC 2606, RFC 5737).</summary>
internal static class SampleEvents
{
    private const string Login = """
        {"id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e01","time":@,"type":"LOGIN",
        "realmId":"2f0f5e0a-7f5c-4a55-8a4e-6b6a1e4c0d11","clientId":"web-shop",
        "userId":"9c1d6f0e-2f3b-4c57-9a1e-7d1f2a3b4c5d","sessionId":"0a6d2c7b-8e9f-4b1a-a2c3-d4e5f6a7b8c9",
        "ipAddress":"203.0.113.77","details":{"auth_method":"openid-connect","auth_type":"code",
        "redirect_uri":"https://shop.example.com/callback","username":"alice@example.com",
        "code_id":"0a6d2c7b-8e9f-4b1a-a2c3-d4e5f6a7b8c9"}}
        """;

    private const string FailedLogin = """
        {"id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e02","time":@,"type":"LOGIN_ERROR",
        "realmId":"2f0f5e0a-7f5c-4a55-8a4e-6b6a1e4c0d11","clientId":"web-shop",
        "ipAddress":"2001:db8:12:3456::1","error":"user_not_found","details":{"auth_method":"openid-connect","auth_type":"code",
        "redirect_uri":"https://shop.example.com/callback?a=1|b=[2]","username":"mallory\" = | ] \\",
        "code_id":"1b7e3d8c-9f0a-4c2b-b3d4-e5f6a7b8c9d0"}}
        """;

    private const string UserCreated = """
        {"id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e03","time":@,"realmId":"2f0f5e0a-7f5c-4a55-8a4e-6b6a1e4c0d11",
        "authDetails":{"realmId":"master","clientId":"7f8e9d0c-1b2a-4938-8574-6a5b4c3d2e1f",
        "userId":"3e4f5a6b-7c8d-4e9f-8a0b-1c2d3e4f5a6b","ipAddress":"198.51.100.7"},
        "operationType":"CREATE","resourceType":"USER","resourcePath":"users/4d5e6f7a-8b9c-4d0e-9f1a-2b3c4d5e6f7a",
        "representation":"{\"username\":\"bob@example.com\",\"email\":\"bob@example.com\",\"enabled\":true}"}
        """;

    private const string Provisioned = """
        {"event_id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e04","timestamp":@,"event_type":"account.provisioned",
        "outcome":"success","subject":"bob@example.com","requestor":"hr-system","org_id":"example","ip_address":"198.51.100.8",
        "context":{"system":"payroll"}}
        """;

    /// <summary>The samples as sent by their sources, one second apart, ending now.</summary>
    public static IEnumerable<(EventStream Stream, string Json)> At(DateTimeOffset now)
    {
        (EventStream Stream, string Json)[] samples =
        [
            (EventStream.User, Login), (EventStream.User, FailedLogin), (EventStream.Admin, UserCreated), (EventStream.Pushed, Provisioned),
        ];
        return samples.Select((sample, index) => (sample.Stream, At(sample.Json, now.AddSeconds(index - samples.Length))));
    }

    private static string At(string json, DateTimeOffset time) =>
        json.Replace("@,", time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) + ",", StringComparison.Ordinal);
}
