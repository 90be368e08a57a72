namespace SiemForwarder.Events.Keycloak;

/// <summary>Which of the two types of a pair a flag holds for: the type itself, its <c>_ERROR</c> twin, or both.</summary>
internal enum AppliesTo
{
    Neither,
    Success,
    Failure,
    Both,
}
