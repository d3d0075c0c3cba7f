"""Phrases of travel: the way, trains, hotels, restaurants, shops, the doctor and emergencies."""

from __future__ import annotations

TABLE = """
Help! | Au secours ! | all
Fire! | Au feu !
Stop, thief! | Au voleur !
Call the police! | Appelez la police ! | vous
Call an ambulance! | Appelez une ambulance ! | vous
Call a doctor, please! | Appelez un médecin, s'il vous plaît !
It's an emergency. | C'est une urgence. | all
There has been an accident. | Il y a eu un accident. | all
I've lost my way. | Je me suis perdu. | all
I've lost my passport. | J'ai perdu mon passeport. | all
Someone has stolen my wallet. | On m'a volé mon portefeuille. | all
Where is the police station? | Où est le commissariat ?
I don't feel well. | Je ne me sens pas bien. | all
I feel much better. | Je me sens beaucoup mieux. | all
I have a headache. | J'ai mal à la tête.
I have a fever. | J'ai de la fièvre. | all
I have a cold. | J'ai un rhume. | all
I have the flu. | J'ai la grippe.
I have a cough. | Je tousse.
I broke my arm. | Je me suis cassé le bras. | all
I cut my finger. | Je me suis coupé le doigt. | all
I am allergic to nuts. | Je suis allergique aux noix.
I am pregnant. | Je suis enceinte.
Where does it hurt? | Où avez-vous mal ? | vous
It hurts here. | J'ai mal ici. | all
I need a doctor. | J'ai besoin d'un médecin.
I would like to see a doctor. | Je voudrais voir un médecin.
I have an appointment at three o'clock. | J'ai un rendez-vous à trois heures.
Take this medicine twice a day. | Prenez ce médicament deux fois par jour. | vous
Open your mouth, please. | Ouvrez la bouche, s'il vous plaît.
Breathe deeply. | Respirez profondément. | vous
It's nothing serious. | Ce n'est rien de grave. | all
Where are the toilets, please? | Où sont les toilettes, s'il vous plaît ?
Where is the exit? | Où est la sortie ?
Where is the nearest bank? | Où est la banque la plus proche ?
Is there a pharmacy near here? | Y a-t-il une pharmacie près d'ici ?
Is it far from here? | Est-ce que c'est loin d'ici ?
It's not far. | Ce n'est pas loin. | all
It's five minutes away on foot. | C'est à cinq minutes à pied.
Go straight ahead. | Allez tout droit. | vous
Turn left. | Tournez à gauche. | vous
Turn right. | Tournez à droite. | vous
Turn right at the traffic lights. | Tournez à droite aux feux.
It's on the left. | C'est à gauche.
It's on the right. | C'est à droite.
It's at the end of the street. | C'est au bout de la rue.
It's on the corner. | C'est au coin de la rue.
It's on the third floor. | C'est au troisième étage.
Take the first street on the left. | Prenez la première rue à gauche.
Cross the bridge. | Traversez le pont. | vous
Can you show me on the map? | Pouvez-vous me montrer sur le plan ? | vous
I am not from here. | Je ne suis pas d'ici. | all
A ticket to Paris, please. | Un billet pour Paris, s'il vous plaît.
A return ticket, please. | Un aller-retour, s'il vous plaît.
A single ticket, please. | Un aller simple, s'il vous plaît.
Two tickets for Lyon, please. | Deux billets pour Lyon, s'il vous plaît.
What time does the next train leave? | À quelle heure part le prochain train ?
When does the train arrive? | Quand est-ce que le train arrive ?
Which platform does it leave from? | De quel quai part-il ?
The train is late. | Le train est en retard.
I missed my train. | J'ai raté mon train. | all
I missed the bus. | J'ai raté le bus.
Is this seat free? | Est-ce que cette place est libre ? | all
Do I have to change trains? | Est-ce que je dois changer de train ?
Where is the bus stop? | Où est l'arrêt de bus ?
Does this bus go to the station? | Est-ce que ce bus va à la gare ?
Where can I buy a ticket? | Où est-ce que je peux acheter un billet ?
Get off at the next stop. | Descendez au prochain arrêt. | vous
To the airport, please. | À l'aéroport, s'il vous plaît.
Stop here, please. | Arrêtez-vous ici, s'il vous plaît.
I need a taxi. | J'ai besoin d'un taxi.
I'd like to rent a car. | Je voudrais louer une voiture.
Fill it up, please. | Le plein, s'il vous plaît.
My car has broken down. | Ma voiture est en panne. | all
I have a flat tyre. | J'ai un pneu crevé. | all
Your passport, please. | Votre passeport, s'il vous plaît.
Do you have anything to declare? | Avez-vous quelque chose à déclarer ? | vous
I have nothing to declare. | Je n'ai rien à déclarer. | all
I'm here on holiday. | Je suis ici en vacances. | all
I'm here on business. | Je suis ici pour affaires. | all
I'm staying for two weeks. | Je reste deux semaines. | all
My suitcase hasn't arrived. | Ma valise n'est pas arrivée. | all
The flight has been cancelled. | Le vol a été annulé.
Fasten your seat belts. | Attachez vos ceintures.
Have a good flight! | Bon vol ! | all
I have a reservation. | J'ai une réservation. | all
I would like a room for two nights. | Je voudrais une chambre pour deux nuits.
A single room, please. | Une chambre simple, s'il vous plaît.
A double room, please. | Une chambre double, s'il vous plaît.
Do you have any free rooms? | Avez-vous des chambres libres ? | vous
How much is it per night? | C'est combien par nuit ?
Is breakfast included? | Est-ce que le petit déjeuner est compris ? | all
What time is breakfast? | À quelle heure est le petit déjeuner ? | all
Here is your key. | Voici votre clé. | vous
The room is on the second floor. | La chambre est au deuxième étage.
Where is the lift? | Où est l'ascenseur ?
There is no hot water. | Il n'y a pas d'eau chaude. | all
The heating doesn't work. | Le chauffage ne marche pas.
Could you wake me up at seven? | Pourriez-vous me réveiller à sept heures ? | vous
What is the wifi password? | Quel est le mot de passe du wifi ?
I'd like to check out. | Je voudrais régler ma note.
A table for two, please. | Une table pour deux, s'il vous plaît.
I have booked a table. | J'ai réservé une table. | all
The menu, please. | La carte, s'il vous plaît.
Are you ready to order? | Vous avez choisi ? | vous
What do you recommend? | Qu'est-ce que vous me conseillez ? | vous
What is the dish of the day? | Quel est le plat du jour ?
I'll have the fish. | Je vais prendre le poisson.
I am a vegetarian. | Je suis végétarien. | all
I don't eat meat. | Je ne mange pas de viande. | all
Nothing else, thank you. | Rien d'autre, merci.
Enjoy your meal! | Bon appétit ! | all
It's delicious! | C'est délicieux ! | all
It tastes good. | C'est bon. | all
It's too salty. | C'est trop salé. | all
The soup has no taste. | La soupe n'a pas de goût.
This isn't what I ordered. | Ce n'est pas ce que j'ai commandé. | all
The bill, please. | L'addition, s'il vous plaît.
Keep the change. | Gardez la monnaie. | vous
Is the service included? | Est-ce que le service est compris ?
Would you like a dessert? | Voulez-vous un dessert ?
Something to drink? | Quelque chose à boire ?
Sparkling water, please. | De l'eau gazeuse, s'il vous plaît.
With or without sugar? | Avec ou sans sucre ?
I'm full. | Je n'ai plus faim. | all
How much is it? | C'est combien ? | all
How much does it cost? | Combien ça coûte ? | all
How much is that altogether? | Ça fait combien en tout ?
It's too expensive. | C'est trop cher. | all
It's not expensive. | Ce n'est pas cher. | all
It's free. | C'est gratuit. | all
Can I help you? | Je peux vous aider ? | vous
I'm just looking, thank you. | Je regarde seulement, merci.
I'll take it. | Je le prends. | all
I would like to try this on. | Je voudrais essayer ceci.
Where are the fitting rooms? | Où sont les cabines d'essayage ?
What size do you wear? | Quelle taille faites-vous ? | vous
It's too small. | C'est trop petit. | all
It's too big. | C'est trop grand. | all
It fits you very well. | Ça vous va très bien. | vous
Do you have it in another colour? | Est-ce que vous l'avez dans une autre couleur ?
Do you have something cheaper? | Avez-vous quelque chose de moins cher ?
Anything else? | Et avec ceci ?
Can I pay by card? | Est-ce que je peux payer par carte ?
I'll pay in cash. | Je vais payer en espèces.
Here is your change. | Voici votre monnaie. | vous
Can I have a receipt, please? | Est-ce que je peux avoir un reçu, s'il vous plaît ?
Could you wrap it up, please? | Pourriez-vous l'emballer, s'il vous plaît ?
What time do you close? | À quelle heure fermez-vous ?
The shop is closed on Sundays. | Le magasin est fermé le dimanche.
Open every day. | Ouvert tous les jours.
No smoking. | Interdit de fumer.
No parking. | Défense de stationner.
Out of order. | Hors service.
Push. | Poussez.
Pull. | Tirez.
Exit. | Sortie.
Entrance. | Entrée.
I want to change some money. | Je voudrais changer de l'argent.
A stamp for England, please. | Un timbre pour l'Angleterre, s'il vous plaît.
Can you take a photo of us? | Pouvez-vous nous prendre en photo ? | vous
Smile! | Souriez ! | vous
What a beautiful view! | Quelle belle vue ! | all
Enjoy your stay! | Bon séjour ! | all
"""
