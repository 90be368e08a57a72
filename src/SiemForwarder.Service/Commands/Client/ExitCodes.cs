namespace SiemForwarder.Service.Commands.Client;

/// <summary>How a command can end; what a script goes by, so a number never gets another meaning.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int NotWell = 1;
    public const int Unusable = 2;
    public const int Differs = 3;
    public const int Refused = 4;
    public const int NoAnswer = 5;
    public const int Waits = 6;
    public const int Broken = 70;
    public const int Interrupted = 130;

    /// <summary>Those that every command which speaks with a service has.</summary>
    public static IReadOnlyList<int> OfAll { get; } = [Done, Unusable, Refused, NoAnswer, Broken, Interrupted];

    /// <summary>Every code with what it means, for the documentation.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Done, "done, in order, or nothing to do"),
        (NotWell, "what was asked about is not well: not ready, a check or test failed, a state is Error, an event was rejected again"),
        (Unusable, "the command line, a setting, the configuration file or the database cannot be used"),
        (Differs, "`apply --dry-run --exit-code` found something to change"),
        (Refused, "the service refused: the key may not do it, there is no such resource, or a change was refused"),
        (NoAnswer, "the service does not answer, or its certificate is not trusted"),
        (Waits, "`apply`: done, but for changes that wait for a second administrator"),
        (Broken, "a part of the program broke: a bug"),
        (Interrupted, "interrupted (Ctrl+C); what the service has begun goes on there"),
    ];
}
