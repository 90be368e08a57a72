using SiemForwarder.Simulator;

namespace SiemForwarder.Service.Commands.Demo;

/// <summary>Raises live events in the simulated realm, some of them hostile, and records their ids.</summary>
internal sealed class DemoTraffic(SimulatedRealm realm, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(120);
    private static readonly string[] Users = ["alice", "mallory|act=logout", "bob", "zoë", "eve\" suser=admin ]", "carol"];

    private readonly List<(string Id, string What)> raised = [];

    /// <summary>Ids and descriptions in the order in which they were raised.</summary>
    public IReadOnlyList<(string Id, string What)> Raised
    {
        get
        {
            lock (raised)
            {
                return [.. raised];
            }
        }
    }

    /// <summary>Raises events one after the other until there are enough or it is cancelled.</summary>
    public async Task RunAsync(int? count, CancellationToken cancellationToken)
    {
        while (raised.Count < (count ?? int.MaxValue))
        {
            RaiseNext();
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private void RaiseNext()
    {
        var (number, user) = (raised.Count, Users[raised.Count % Users.Length]);
        var (id, what) = (number % 10) switch
        {
            1 or 4 => (realm.AddLoginError(user, "invalid_user_credentials"), $"LOGIN_ERROR {user}"),
            2 => (realm.AddAdminEvent("CREATE", "USER", $"users/{Guid.NewGuid()}", $$"""{"username":"new-{{number}}","enabled":true}"""),
                $"CREATE-USER new-{number}"),
            _ => (realm.AddLogin(user), $"LOGIN {user}"),
        };
        lock (raised)
        {
            raised.Add((id.ToString("D"), what));
        }
    }
}
